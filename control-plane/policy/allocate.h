// allocate.h: names, addresses and MACs that nobody has yet.
#pragma once

#include <span>
#include <string>

#include "base/error.h"
#include "control-plane/model/request.h"
#include "control-plane/model/vnic.h"
#include "control-plane/policy/policy.h"

namespace arrakis::control {

struct Rules {
  const Policy& policy;
  const AppRule& app;
  const PoolRule* pool;  // nullptr: none of this provider
};

// The lowest free "vf0", "vf1", ...
std::string free_name(std::span<const VnicSpec> present);

// Addresses and gateways of `vnic`, by where it is:
//   xdp, a pair of its own   /32 and /128 with the host as next hop: nobody else is on the link
//   xdp, a shared netdev     fixed addresses as the policy wrote them: their network is on link
//   wire                     the pool's network on link, no gateway: the other end is all there is
//   sriov                    the network on link; a gateway only where one is written
Outcome<void> decide_addresses(const Rules& rules, std::span<const VnicSpec> present,
                               const AssignRequest& request, VnicSpec& vnic);

// Locally administered (IEEE 802, 8.4), the same again for the same name and application, so that
// a neighbour's cache stays right over release and assign.
Outcome<void> decide_mac(std::span<const VnicSpec> present, const AssignRequest& request,
                         VnicSpec& vnic);

}  // namespace arrakis::control
