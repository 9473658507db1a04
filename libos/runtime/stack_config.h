// stack_config.h: what the control plane said of a VNIC, as a stack wants to hear it.
#pragma once

#include <cstdint>

#include "extaris/stack/config.h"
#include "libos/client/grant.h"

namespace arrakis::runtime {

extaris::StackConfig stack_config(const client::VnicInfo& info, std::uint64_t seed);

}  // namespace arrakis::runtime
