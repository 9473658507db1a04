// icmp.h: ICMP and ICMPv6: answers to pings, errors we owe, errors we are told.
//
// Never an error about an error, a group, a fragment other than the first, or a source that is not
// one host; and never more than a few (RFC 1122, 3.2.2; RFC 4443, 2.4).
// Threads: those of the stack.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>

#include "base/instant.h"
#include "base/seq.h"
#include "extaris/ip/arrival.h"
#include "extaris/ip/ip_output.h"
#include "extaris/ip/transport_error.h"
#include "extaris/link/link.h"
#include "extaris/netdev/net_device.h"
#include "extaris/stack/counters.h"
#include "extaris/wire/icmpv4.h"
#include "extaris/wire/icmpv6.h"
#include "extaris/wire/ipv6.h"

namespace arrakis::extaris {

// At most so many a second, with a small burst (RFC 4443, 2.4 (f)).
class RateLimit {
 public:
  bool allow(Instant now) noexcept;

 private:
  Instant next_{};  // when a steady sender would be due; lies ahead of now by what is used up
};

// What to say, in the words of the family that the datagram belongs to.
struct IcmpError {
  std::uint8_t type;
  std::uint8_t code;
  std::uint32_t parameter = 0;
  bool also_to_group = false;  // RFC 4443, 2.4 (e.3): the two exceptions
};

// A received error: for the transport, and for the path's MTU when it carries one.
struct IcmpNews {
  TransportError error;
  std::uint32_t mtu_bytes = 0;  // 0: not about size
  Seq sequence{};               // of the quoted segment, if it is TCP's
};

class Icmp {
 public:
  Icmp(Link& link, IpOutput& ip, const DeviceInfo& device, Counters& counters)
      : receive_checksum_{device.receive_checksum}, link_{link}, ip_{ip}, counters_{counters} {}

  // A message whose target is us or a group of ours. Errors come back as news.
  std::optional<IcmpNews> receive_v4(Arrival&& arrival) noexcept;
  std::optional<IcmpNews> receive_v6(Arrival&& arrival) noexcept;

  void port_unreachable(const Arrival& about) noexcept;
  void unknown_protocol(const Arrival& about) noexcept;
  void reassembly_timed_out(std::span<const std::byte> first_fragment) noexcept;
  // `to_group`: the packet's target was one, on the link or in IP.
  void parameter_problem(std::span<const std::byte> about, const Ipv6Problem& problem,
                         bool to_group) noexcept;

 private:
  void answer_echo(Arrival&& request) noexcept;
  void receive_neighbor_message(const Arrival& arrival, const Icmpv6Message& message) noexcept;
  void send_error(std::span<const std::byte> about, const IcmpError& error, bool to_group) noexcept;

  Checksum receive_checksum_;
  Link& link_;
  IpOutput& ip_;
  Counters& counters_;
  RateLimit limit_;
};

}  // namespace arrakis::extaris
