#include "extaris/link/local_addresses.h"

#include <algorithm>

namespace arrakis::extaris {
namespace {

constexpr Ipv6Address all_nodes{{0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01}};
constexpr Ipv6Address all_nodes_of_interface{
    {0xff, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01}};

Ipv4Address broadcast_of(const IpPrefix& network) {
  if (network.length >= 31) return {};
  const std::uint32_t hosts = 0xffff'ffffu >> network.length;
  return Ipv4Address::from_host(network.address.v4().host() | hosts);
}

}  // namespace

Ipv6Address link_local_address(const MacAddress& mac) {
  const auto& m = mac.bytes;
  const auto first = static_cast<std::uint8_t>(m[0] ^ 0x02);  // the universal/local bit, inverted
  return {{0xfe, 0x80, 0, 0, 0, 0, 0, 0, first, m[1], m[2], 0xff, 0xfe, m[3], m[4], m[5]}};
}

Ipv6Address solicited_node_group(const Ipv6Address& address) {
  const auto& a = address.bytes;
  return {{0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01, 0xff, a[13], a[14], a[15]}};
}

LocalAddresses::LocalAddresses(const MacAddress& mac, const std::vector<IpPrefix>& configured)
    : link_local_{link_local_address(mac)} {
  for (const IpPrefix& network : configured) {
    if (network.address.is_v4())
      v4_.push_back({network.address.v4(), network, broadcast_of(network)});
    else
      v6_.push_back({network.address.v6(), network});
  }
  if (!is_ours(link_local_)) v6_.push_back({link_local_, {IpAddress{link_local_}, 64}});
}

bool LocalAddresses::is_broadcast(const Ipv4Address& address) const noexcept {
  if (address.is_broadcast()) return true;
  return std::ranges::any_of(v4_, [&](const Ipv4Entry& entry) {
    return !entry.broadcast.is_any() && entry.broadcast == address;
  });
}

bool LocalAddresses::in_group(const Ipv4Address& group) noexcept {
  return group == Ipv4Address{{224, 0, 0, 1}};
}

bool LocalAddresses::in_group(const Ipv6Address& group) const noexcept {
  if (group == all_nodes || group == all_nodes_of_interface) return true;
  return std::ranges::any_of(
      v6_, [&](const Ipv6Entry& entry) { return solicited_node_group(entry.address) == group; });
}

bool LocalAddresses::is_bad_source(const Ipv4Address& address) const noexcept {
  // 224.0.0.0 and up: multicast, reserved, limited broadcast. 0.0.0.0/8: "this host".
  return address.bytes[0] >= 224 || address.bytes[0] == 0 || address.is_loopback() ||
         is_ours(address) || is_broadcast(address);
}

std::optional<Ipv4Address> LocalAddresses::source_for(const Ipv4Address& next_hop) const noexcept {
  if (v4_.empty()) return std::nullopt;
  for (const Ipv4Entry& entry : v4_)
    if (entry.network.contains(next_hop)) return entry.address;
  return v4_.front().address;
}

std::optional<Ipv6Address> LocalAddresses::source_for(const Ipv6Address& next_hop) const noexcept {
  if (next_hop.is_link_local()) return link_local_;
  for (const Ipv6Entry& entry : v6_)
    if (entry.network.contains(next_hop)) return entry.address;
  return v6_.front().address;  // the link-local one at worst
}

std::optional<IpAddress> LocalAddresses::source_for(const IpAddress& next_hop) const noexcept {
  if (next_hop.is_v4()) {
    const auto v4 = source_for(next_hop.v4());
    return v4 ? std::optional<IpAddress>{*v4} : std::nullopt;
  }
  return *source_for(next_hop.v6());
}

}  // namespace arrakis::extaris
