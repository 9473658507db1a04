// local_addresses.h: the addresses of this host on its link: which packets are for us, and which
// address we speak with.
//
// Fixed when the stack is made.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/address.h"
#include "extaris/stack/config.h"

namespace arrakis::extaris {

class LocalAddresses {
 public:
  LocalAddresses(const MacAddress& mac, const std::vector<IpPrefix>& configured);

  // One of our unicast addresses.
  bool is_ours(const Ipv4Address& address) const noexcept {
    for (const Ipv4Entry& entry : v4_)
      if (entry.address == address) return true;
    return false;
  }
  bool is_ours(const Ipv6Address& address) const noexcept {
    for (const Ipv6Entry& entry : v6_)
      if (entry.address == address) return true;
    return false;
  }
  bool is_ours(const IpAddress& address) const noexcept {
    return address.is_v4() ? is_ours(address.v4()) : is_ours(address.v6());
  }

  // Limited, or directed to one of our networks (RFC 1122, 3.2.1.3).
  bool is_broadcast(const Ipv4Address& address) const noexcept;
  // A group every host is in (RFC 1112, 4), or one of ours (RFC 4291, 2.8).
  static bool in_group(const Ipv4Address& group) noexcept;
  bool in_group(const Ipv6Address& group) const noexcept;

  // What may not be a packet's source: a group, a broadcast, nobody, loopback or ourselves.
  bool is_bad_source(const Ipv4Address& address) const noexcept;
  bool is_bad_source(const Ipv6Address& address) const noexcept {
    return address.is_multicast() || address.is_any() || address.is_loopback() || is_ours(address);
  }

  // The address to speak with when `next_hop` takes the packet (RFC 1122, 3.3.4.3; RFC 6724, rules
  // 2 and 8, in small). Nothing: no address of that family.
  std::optional<Ipv4Address> source_for(const Ipv4Address& next_hop) const noexcept;
  std::optional<Ipv6Address> source_for(const Ipv6Address& next_hop) const noexcept;
  std::optional<IpAddress> source_for(const IpAddress& next_hop) const noexcept;

  const Ipv6Address& link_local() const noexcept { return link_local_; }

 private:
  struct Ipv4Entry {
    Ipv4Address address;
    IpPrefix network;
    Ipv4Address broadcast;  // any: a network of one or two addresses has none (RFC 3021)
  };
  struct Ipv6Entry {
    Ipv6Address address;
    IpPrefix network;
  };

  std::vector<Ipv4Entry> v4_;
  std::vector<Ipv6Entry> v6_;  // the link-local address last
  Ipv6Address link_local_;
};

// RFC 4862, 5.3 with the interface identifier of RFC 2464, 4.
Ipv6Address link_local_address(const MacAddress& mac);
// RFC 4291, 2.7.1: the group a host with this address answers neighbor solicitations in.
Ipv6Address solicited_node_group(const Ipv6Address& address);

}  // namespace arrakis::extaris
