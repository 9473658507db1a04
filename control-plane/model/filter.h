// filter.h: authority over a convex part of the header space, in one direction (OSDI '14, 3.4).
//
// No priorities: two filters of one direction on a VIC must not overlap, so that any of them can be
// enforced by hardware in any order. An empty list of a direction allows all that the VIC's own
// addresses allow. ARP, NDP and ICMP to and from those addresses need no filter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/error.h"

namespace arrakis::control {

struct PortRange {
  std::uint16_t first = 0;
  std::uint16_t last = 65535;

  bool contains(std::uint16_t port) const { return first <= port && port <= last; }
  bool overlaps(PortRange other) const { return first <= other.last && other.first <= last; }
  bool is_any() const { return first == 0 && last == 65535; }
  friend auto operator<=>(const PortRange&, const PortRange&) = default;
};

struct Filter {
  enum class Direction : std::uint8_t { receive, transmit };
  enum class Layer : std::uint8_t { ip, udp, tcp };  // ip: every protocol

  Direction direction = Direction::receive;
  Layer layer = Layer::ip;
  std::optional<IpPrefix> peer;  // nothing: any peer, both families
  PortRange ports;               // ours: targets when receiving, sources when transmitting
  PortRange peer_ports;

  friend bool operator==(const Filter&, const Filter&) = default;
};

inline constexpr std::size_t filters_max = 64;  // on one VNIC

bool overlap(const Filter& a, const Filter& b);
// Everything `inner` covers is covered by `outer`.
bool covers(const Filter& outer, const Filter& inner);

// The prefix with the bits past its length cleared, as the peer of a filter is held.
IpPrefix network_of(IpPrefix prefix);

// "rx udp port 7", "tx tcp port 1000-2000 peer 10.0.0.0/8 peer-port 53", "rx ip peer fd00::/8".
Outcome<Filter> parse_filter(std::string_view text);
std::string to_string(const Filter& filter);

// Ports only where the layer has them; ranges in order.
Outcome<void> validate(const Filter& filter);
// Each of them, no more than filters_max, and no overlap within a direction.
Outcome<void> validate(std::span<const Filter> filters);

}  // namespace arrakis::control
