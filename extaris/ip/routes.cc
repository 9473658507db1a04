#include "extaris/ip/routes.h"

#include <algorithm>

namespace arrakis::extaris {
namespace {

constexpr Ipv6Address link_local_prefix{{0xfe, 0x80}};

}  // namespace

Routes::Routes(const StackConfig& config) : routes_{config.routes} {
  for (const IpPrefix& network : config.addresses) routes_.push_back({network, IpAddress{}});
  routes_.push_back({{IpAddress{link_local_prefix}, 64}, IpAddress{}});
  std::ranges::stable_sort(routes_, [](const Route& a, const Route& b) {
    return a.target.length > b.target.length;  // families never meet: contains() tells them apart
  });
}

std::optional<IpAddress> Routes::next_hop(const IpAddress& target) const noexcept {
  if (target.is_multicast() || (target.is_v4() && target.v4().is_broadcast())) return target;
  for (const Route& route : routes_)
    if (route.target.contains(target)) return route.gateway.is_any() ? target : route.gateway;
  return std::nullopt;
}

}  // namespace arrakis::extaris
