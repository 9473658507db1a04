// bounds.h: what a card's function can be at all, whatever the machine.
#pragma once

#include "base/error.h"
#include "control-plane/model/vnic.h"

namespace arrakis::control::sriov {

// Whole megabits a second: the unit of IFLA_VF_RATE.
Outcome<void> check_rate(const VnicSpec& spec);
// A card tells MACs and VLANs apart, not addresses and ports: the policy must accept that, and a
// filter is refused.
Outcome<void> check_filters(const VnicSpec& spec);
// MTU and queues.
Outcome<void> check_sizes(const VnicSpec& spec);

}  // namespace arrakis::control::sriov
