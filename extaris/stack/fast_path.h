// fast_path.h: the common case as one question: is this frame a whole UDP datagram over IP without
// options or fragments? Then its addresses, port and sums are all there is to look at.
//
// A "no" says nothing about what is wrong; the slow path (receiver.cc) finds out and counts.
#pragma once

#include <cstddef>
#include <cstdint>

#include "extaris/wire/protocol.h"
#include "extaris/wire/udp_frame.h"

namespace arrakis::extaris {

// REQUIRES: the frame's EtherType is IPv4's and its target our MAC address.
inline bool is_plain_datagram(const UdpOverIpv4Frame& frame, std::size_t frame_bytes) {
  constexpr std::uint16_t fragment_bits = ipv4::more_fragments | ipv4::offset_mask;
  const std::size_t total = frame.ip.total_bytes.host();
  return frame.ip.version_and_words == ipv4::plain && frame.ip.protocol == protocol::udp &&
         (frame.ip.fragment.raw() & be16_t{fragment_bits}.raw()) == 0 &&
         total >= sizeof(Ipv4Header) + sizeof(UdpHeader) &&
         total + sizeof(EthernetHeader) <= frame_bytes &&
         frame.udp.length_bytes.host() == total - sizeof(Ipv4Header);
}

// REQUIRES: the frame's EtherType is IPv6's and its target our MAC address.
inline bool is_plain_datagram(const UdpOverIpv6Frame& frame, std::size_t frame_bytes) {
  const std::size_t payload = frame.ip.payload_bytes.host();
  return frame.ip.version_class_flow.host() >> 28 == 6 && frame.ip.next_header == protocol::udp &&
         payload >= sizeof(UdpHeader) &&
         payload + sizeof(EthernetHeader) + sizeof(Ipv6Header) <= frame_bytes &&
         frame.udp.length_bytes == frame.ip.payload_bytes;
}

}  // namespace arrakis::extaris
