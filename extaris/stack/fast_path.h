// fast_path.h: the common case as one question: is this frame a whole UDP datagram over IP without
// options or fragments, from a host, to one of our own addresses?
//
// A "no" says nothing about what is wrong; the slow path (receiver.cc) finds out and counts.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/byte_reader.h"
#include "extaris/link/local_addresses.h"
#include "extaris/wire/ethernet.h"
#include "extaris/wire/ipv4.h"
#include "extaris/wire/ipv6.h"
#include "extaris/wire/protocol.h"
#include "extaris/wire/udp.h"

namespace arrakis::extaris {

struct UdpOverIpv4Frame {
  EthernetHeader ethernet;
  Ipv4Header ip;
  UdpHeader udp;

  std::size_t datagram_bytes() const {
    return std::size_t{ip.total_bytes.host()} - sizeof(Ipv4Header);
  }
};
static_assert(WireFormat<UdpOverIpv4Frame> && sizeof(UdpOverIpv4Frame) == 42);

struct UdpOverIpv6Frame {
  EthernetHeader ethernet;
  Ipv6Header ip;
  UdpHeader udp;

  std::size_t datagram_bytes() const { return ip.payload_bytes.host(); }
};
static_assert(WireFormat<UdpOverIpv6Frame> && sizeof(UdpOverIpv6Frame) == 62);

// REQUIRES: the frame's EtherType is IPv4's and its target our MAC address.
inline bool is_plain_datagram(const UdpOverIpv4Frame& frame, std::size_t frame_bytes,
                              const LocalAddresses& local) {
  constexpr std::uint16_t fragment_bits = ipv4::more_fragments | ipv4::offset_mask;
  const std::size_t total = frame.ip.total_bytes.host();
  return frame.ip.version_and_words == ipv4::plain && frame.ip.protocol == protocol::udp &&
         (frame.ip.fragment.raw() & be16_t{fragment_bits}.raw()) == 0 &&
         total >= sizeof(Ipv4Header) + sizeof(UdpHeader) &&
         total + sizeof(EthernetHeader) <= frame_bytes &&
         frame.udp.length_bytes.host() == total - sizeof(Ipv4Header) &&
         local.is_ours(frame.ip.target) && !local.is_bad_source(frame.ip.source);
}

// REQUIRES: the frame's EtherType is IPv6's and its target our MAC address.
inline bool is_plain_datagram(const UdpOverIpv6Frame& frame, std::size_t frame_bytes,
                              const LocalAddresses& local) {
  const std::size_t payload = frame.ip.payload_bytes.host();
  return frame.ip.version_class_flow.host() >> 28 == 6 && frame.ip.next_header == protocol::udp &&
         payload >= sizeof(UdpHeader) &&
         payload + sizeof(EthernetHeader) + sizeof(Ipv6Header) <= frame_bytes &&
         frame.udp.length_bytes == frame.ip.payload_bytes && local.is_ours(frame.ip.target) &&
         !local.is_bad_source(frame.ip.source);
}

}  // namespace arrakis::extaris
