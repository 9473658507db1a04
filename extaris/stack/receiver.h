// receiver.h: what becomes of a frame: the way up, from the link to a socket or an answer.
//
// Threads: those of the stack. Time: set once a poll (ip_output.h).
#pragma once

#include <cstdint>
#include <optional>

#include "extaris/ip/arrival.h"
#include "extaris/ip/icmp.h"
#include "extaris/ip/ip_output.h"
#include "extaris/ip/reassembly.h"
#include "extaris/link/link.h"
#include "extaris/netdev/net_device.h"
#include "extaris/packet/burst.h"
#include "extaris/packet/packet.h"
#include "extaris/stack/counters.h"
#include "extaris/stack/fast_path.h"
#include "extaris/tcp/tcp_layer.h"
#include "extaris/udp/udp_layer.h"
#include "extaris/wire/ipv4.h"
#include "extaris/wire/ipv6.h"

namespace arrakis::extaris {

class Receiver {
 public:
  struct Layers {
    Link& link;
    IpOutput& ip;
    Icmp& icmp;
    Reassembly& reassembly;
    UdpLayer& udp;
    TcpLayer& tcp;
  };
  Receiver(const DeviceInfo& device, const Layers& layers, Counters& counters);

  void receive(Packet&& frame) noexcept;
  // The same of a whole burst in which there may be segments of connections: what they need from
  // memory is asked for in stages, each for all of them, so that it is there when its turn comes.
  void receive(Burst& burst) noexcept;

  // ICMP, or our own link, says that something we sent did not arrive.
  void report(const IcmpNews& news) noexcept;
  // The same of an IP packet whose neighbor does not answer.
  void report_unreachable(const Packet& ip_packet) noexcept;

 private:
  template <class Frame>
  bool deliver_plain(Packet& packet, const Frame& frame) noexcept;
  std::uint32_t hash_of(std::span<const std::byte> frame) const noexcept;
  bool deliver_segment(Packet& packet, std::uint32_t hash) noexcept;
  template <class Frame>
  bool deliver_segment(Packet& packet, const Frame& frame, std::uint32_t hash) noexcept;
  template <class IpHeader>
  bool has_good_addresses(const IpHeader& ip) noexcept;
  template <class Frame>
  bool has_good_checksums(const Packet& packet, const Frame& frame) const noexcept;

  void receive_slowly(Packet&& frame) noexcept;
  void receive_ipv4(Packet&& packet, bool link_group) noexcept;
  void receive_ipv6(Packet&& packet, bool link_group) noexcept;
  bool receive_fragment(Arrival& arrival, const Ipv4Packet& ip) noexcept;
  bool receive_fragment(Arrival& arrival, const Ipv6Packet& ip, const Ipv6Upper& upper) noexcept;
  void dispatch(Arrival&& arrival) noexcept;
  void receive_udp(Arrival&& arrival) noexcept;
  void receive_tcp(Arrival&& arrival) noexcept;
  Verify network_check(const Packet& packet) const noexcept;
  bool sum_is_bad(const Arrival& arrival, std::size_t segment_bytes, bool is_summed) const noexcept;

  template <class Address>
  struct AddressPair {
    Address source;
    Address target;
    friend bool operator==(const AddressPair&, const AddressPair&) = default;
  };
  template <class Address>
  std::optional<AddressPair<Address>>& last_good() noexcept {
    if constexpr (sizeof(Address) == sizeof(Ipv4Address))
      return last_good_v4_;
    else
      return last_good_v6_;
  }

  Checksum checksum_;
  bool keeps_checksums_;  // what came in can go out again as it is
  // Whom the last datagram was from and for, when both were good: the next is likely the same, and
  // our addresses never change.
  std::optional<AddressPair<Ipv4Address>> last_good_v4_;
  std::optional<AddressPair<Ipv6Address>> last_good_v6_;
  Link& link_;
  IpOutput& ip_;
  Icmp& icmp_;
  Reassembly& reassembly_;
  UdpLayer& udp_;
  TcpLayer& tcp_;
  Counters& counters_;
};

}  // namespace arrakis::extaris
