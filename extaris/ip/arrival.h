// arrival.h: an IP datagram that is whole and for us, on its way to a transport.
#pragma once

#include <cstdint>
#include <span>
#include <utility>

#include "base/address.h"
#include "extaris/packet/bytes.h"
#include "extaris/packet/packet.h"

namespace arrakis::extaris {

struct Arrival {
  Packet packet;  // data starts at the IP header and ends with the datagram
  IpAddress source;
  IpAddress target;
  std::uint8_t protocol = 0;
  std::uint8_t hop_limit = 0;
  std::uint8_t traffic_class = 0;  // the lowest two bits are ECN's (RFC 3168, 5)
  std::uint16_t header_bytes = 0;  // of IP, with options and extension headers
  std::uint32_t protocol_at = 0;   // IPv6: the octet that named the protocol
  bool to_group = false;           // multicast or broadcast, on the link or in IP
  bool in_frame = false;           // its Ethernet header lies directly in front

  std::span<std::byte> segment() const { return bytes(packet).subspan(header_bytes); }
};

// The packet, showing `payload_bytes` behind a transport header, and nothing else.
inline Packet take_payload(Arrival& arrival, std::size_t transport_header_bytes,
                           std::size_t payload_bytes) {
  const std::size_t at = arrival.header_bytes + transport_header_bytes;
  resize(arrival.packet, at + payload_bytes);
  pull_front(arrival.packet, at);
  return std::move(arrival.packet);
}

}  // namespace arrakis::extaris
