// device.h: the device that a grant describes.
#pragma once

#include <memory>

#include "base/error.h"
#include "extaris/netdev/net_device.h"
#include "libos/client/grant.h"

namespace arrakis::runtime {

// Takes the grant's descriptors. REQUIRES: start_eal() succeeded.
Outcome<std::unique_ptr<extaris::NetDevice>> make_device(client::QueueGrant grant,
                                                         const client::VnicInfo& info);

}  // namespace arrakis::runtime
