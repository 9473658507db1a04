// ipv6.h: IPv6 packets and their extension headers (RFC 8200).
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>

#include "base/address.h"
#include "base/big_endian.h"
#include "base/byte_reader.h"
#include "extaris/wire/drop.h"

namespace arrakis::extaris {

struct Ipv6Header {
  be32_t version_class_flow;  // 4 bits version, 8 bits traffic class, 20 bits flow label
  be16_t payload_bytes;
  std::uint8_t next_header;
  std::uint8_t hop_limit;
  Ipv6Address source;
  Ipv6Address target;
};
static_assert(WireFormat<Ipv6Header> && sizeof(Ipv6Header) == 40);
static_assert(offsetof(Ipv6Header, target) == 24);

// Bytes behind the header, as it says.
constexpr std::size_t payload_bytes(const Ipv6Header& header) {
  return header.payload_bytes.host();
}

struct Ipv6FragmentHeader {  // RFC 8200, 4.5
  std::uint8_t next_header;
  std::uint8_t reserved;
  be16_t offset_and_more;  // offset in units of 8 bytes in the upper 13 bits, M in the lowest
  be32_t identification;
};
static_assert(WireFormat<Ipv6FragmentHeader> && sizeof(Ipv6FragmentHeader) == 8);

constexpr std::uint8_t traffic_class_of(const Ipv6Header& header) {
  return static_cast<std::uint8_t>(header.version_class_flow.host() >> 20);
}

namespace ipv6 {
inline constexpr std::uint32_t plain = 0x6000'0000;  // version 6, no class, no label
inline constexpr std::uint8_t default_hop_limit = 64;
inline constexpr std::uint8_t hop_limit_of_neighbors = 255;  // RFC 4861, 3.1: never forwarded
inline constexpr std::size_t mtu_bytes_min = 1280;           // RFC 8200, 5
inline constexpr std::uint16_t more_fragments = 1;
inline constexpr std::uint16_t offset_mask = 0xfff8;  // in place: already in bytes
}  // namespace ipv6

struct Ipv6Packet {
  Ipv6Address source;
  Ipv6Address target;
  std::uint8_t next_header;
  std::uint8_t hop_limit;
  std::uint8_t traffic_class;
  std::span<const std::byte> payload;  // borrowed; link padding removed
};

std::expected<Ipv6Packet, Drop> parse_ipv6(std::span<const std::byte> bytes);

// Where the walk over the extension headers came to.
struct Ipv6Upper {
  std::uint8_t protocol;      // of what follows; never an extension header that we know, but
                              // protocol::fragment when `is_fragment`
  std::uint16_t chain_bytes;  // extension headers in front of it, the fragment header included
  std::uint32_t named_at;     // the octet that holds `protocol`, from the start of the IPv6 header
  bool is_fragment = false;
  // Only of a fragment:
  std::uint8_t next_header = 0;  // of the fragmentable part
  bool more_fragments = false;
  std::uint16_t fragment_offset = 0;  // bytes
  std::uint32_t identification = 0;
};

// Why the walk stopped, and what RFC 8200 wants said about it.
struct Ipv6Problem {
  Drop why;
  bool report = false;           // send a Parameter Problem
  bool report_multicast = true;  // also when the target was a multicast group (4.2, action 10)
  std::uint8_t code = 0;         // of the Parameter Problem (RFC 4443, 3.4)
  std::uint32_t pointer = 0;     // the octet, from the start of the IPv6 header
};

// REQUIRES: `packet` came from parse_ipv6. A fragment header ends the walk: what follows is to be
// looked at when the datagram is whole again.
std::expected<Ipv6Upper, Ipv6Problem> walk_extensions(const Ipv6Packet& packet);

struct Ipv6Fields {
  Ipv6Address source;
  Ipv6Address target;
  std::uint8_t next_header;
  std::uint8_t traffic_class = 0;
  std::uint8_t hop_limit = ipv6::default_hop_limit;
  std::size_t payload_bytes;
};

inline Ipv6Header emit_ipv6(const Ipv6Fields& fields) {
  return {.version_class_flow = be32_t{ipv6::plain | std::uint32_t{fields.traffic_class} << 20},
          .payload_bytes = be16_t{static_cast<std::uint16_t>(fields.payload_bytes)},
          .next_header = fields.next_header,
          .hop_limit = fields.hop_limit,
          .source = fields.source,
          .target = fields.target};
}

// Field by field (load_store.h says why).
inline void write(Ipv6Header& to, const Ipv6Header& header) {
  to.version_class_flow = header.version_class_flow;
  to.payload_bytes = header.payload_bytes;
  to.next_header = header.next_header;
  to.hop_limit = header.hop_limit;
  to.source = header.source;
  to.target = header.target;
}

}  // namespace arrakis::extaris
