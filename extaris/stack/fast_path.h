// fast_path.h: the common case as one question: is this frame a whole UDP datagram, or a whole TCP
// segment, over IP without options or fragments? Then its addresses, port and sums are all there is
// to look at.
//
// A "no" says nothing about what is wrong; the slow path (receiver.cc) finds out and counts.
#pragma once

#include <cstddef>
#include <cstdint>

#include "extaris/wire/protocol.h"
#include "extaris/wire/tcp_frame.h"
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

namespace plain_segment {
// Options: none, or the timestamps in their usual place.
inline constexpr std::uint8_t bare = sizeof(TcpHeader) / 4 << 4;
inline constexpr std::uint8_t stamped = (sizeof(TcpHeader) + sizeof(TcpTimestampOption)) / 4 << 4;
inline constexpr std::uint8_t congestion_bits = 3;  // both set: RFC 3168, 5
}  // namespace plain_segment

// `segment_bytes`: as the IP header says.
inline bool is_plain_header(const TcpHeader& tcp, std::size_t segment_bytes) {
  const std::uint8_t words = tcp.words_and_reserved & 0xf0;
  return (words == plain_segment::bare ||
          (words == plain_segment::stamped &&
           segment_bytes >= sizeof(TcpHeader) + sizeof(TcpTimestampOption))) &&
         (tcp.flags & (tcp_flag::syn | tcp_flag::rst | tcp_flag::urg)) == 0;
}

// REQUIRES: the frame's EtherType is IPv4's.
inline bool is_plain_segment(const TcpOverIpv4Frame& frame, std::size_t frame_bytes) {
  constexpr std::uint16_t fragment_bits = ipv4::more_fragments | ipv4::offset_mask;
  const std::size_t total = frame.ip.total_bytes.host();
  return frame.ip.version_and_words == ipv4::plain && frame.ip.protocol == protocol::tcp &&
         (frame.ip.fragment.raw() & be16_t{fragment_bits}.raw()) == 0 &&
         (frame.ip.traffic_class & plain_segment::congestion_bits) !=
             plain_segment::congestion_bits &&
         total >= sizeof(Ipv4Header) + sizeof(TcpHeader) &&
         total + sizeof(EthernetHeader) <= frame_bytes &&
         is_plain_header(frame.tcp, total - sizeof(Ipv4Header));
}

// REQUIRES: the frame's EtherType is IPv6's.
inline bool is_plain_segment(const TcpOverIpv6Frame& frame, std::size_t frame_bytes) {
  const std::size_t payload = frame.ip.payload_bytes.host();
  const std::uint32_t first = frame.ip.version_class_flow.host();
  return first >> 28 == 6 && frame.ip.next_header == protocol::tcp &&
         (first >> 20 & plain_segment::congestion_bits) != plain_segment::congestion_bits &&
         payload >= sizeof(TcpHeader) &&
         payload + sizeof(EthernetHeader) + sizeof(Ipv6Header) <= frame_bytes &&
         is_plain_header(frame.tcp, payload);
}

}  // namespace arrakis::extaris
