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

// Whole, without options, and all of it in the frame.
inline bool is_plain_ip(const Ipv4Header& ip, std::uint8_t protocol, std::size_t packet_bytes) {
  constexpr std::uint16_t fragment_bits = ipv4::more_fragments | ipv4::offset_mask;
  const std::size_t total = ip.total_bytes.host();
  return ip.version_and_words == ipv4::plain && ip.protocol == protocol &&
         (ip.fragment.raw() & be16_t{fragment_bits}.raw()) == 0 && total >= sizeof(Ipv4Header) &&
         total <= packet_bytes;
}

inline bool is_plain_ip(const Ipv6Header& ip, std::uint8_t protocol, std::size_t packet_bytes) {
  return ip.version_class_flow.host() >> 28 == 6 && ip.next_header == protocol &&
         payload_bytes(ip) + sizeof(Ipv6Header) <= packet_bytes;
}

// REQUIRES: the frame's EtherType is that of its IP header, and its target our MAC address.
template <class Frame>
bool is_plain_datagram(const Frame& frame, std::size_t frame_bytes) {
  return is_plain_ip(frame.ip, protocol::udp, frame_bytes - sizeof(EthernetHeader)) &&
         payload_bytes(frame.ip) >= sizeof(UdpHeader) &&
         frame.udp.length_bytes.host() == payload_bytes(frame.ip);
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

// REQUIRES: the frame's EtherType is that of its IP header.
template <class Frame>
bool is_plain_segment(const Frame& frame, std::size_t frame_bytes) {
  return is_plain_ip(frame.ip, protocol::tcp, frame_bytes - sizeof(EthernetHeader)) &&
         (traffic_class_of(frame.ip) & plain_segment::congestion_bits) !=
             plain_segment::congestion_bits &&
         payload_bytes(frame.ip) >= sizeof(TcpHeader) &&
         is_plain_header(frame.tcp, payload_bytes(frame.ip));
}

}  // namespace arrakis::extaris
