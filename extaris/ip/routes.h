// routes.h: which neighbor takes a packet: few static routes, longest prefix first.
//
// Fixed when the stack is made.
#pragma once

#include <optional>
#include <vector>

#include "base/address.h"
#include "extaris/stack/config.h"

namespace arrakis::extaris {

class Routes {
 public:
  // The networks of `config.addresses` are on the link, fe80::/64 too.
  explicit Routes(const StackConfig& config);

  // The next hop; nothing: no route. Groups and broadcasts are always on the link.
  std::optional<IpAddress> next_hop(const IpAddress& target) const noexcept;

 private:
  std::vector<Route> routes_;  // longest prefix first
};

}  // namespace arrakis::extaris
