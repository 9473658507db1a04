// ipv4.h: IPv4 packets (RFC 791).
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>

#include "base/address.h"
#include "base/big_endian.h"
#include "base/byte_reader.h"
#include "extaris/wire/checksum.h"
#include "extaris/wire/drop.h"

namespace arrakis::extaris {

struct Ipv4Header {
  std::uint8_t version_and_words;  // 4, and the header's length in 32-bit words
  std::uint8_t traffic_class;
  be16_t total_bytes;
  be16_t identification;
  be16_t fragment;  // flags, and the offset in units of 8 bytes
  std::uint8_t time_to_live;
  std::uint8_t protocol;
  be16_t checksum;
  Ipv4Address source;
  Ipv4Address target;
};
static_assert(WireFormat<Ipv4Header> && sizeof(Ipv4Header) == 20);
static_assert(offsetof(Ipv4Header, checksum) == 10 && offsetof(Ipv4Header, target) == 16);

constexpr std::uint8_t traffic_class_of(const Ipv4Header& header) { return header.traffic_class; }

// Bytes behind a header without options, as it says.
constexpr std::size_t payload_bytes(const Ipv4Header& header) {
  return std::size_t{header.total_bytes.host()} - sizeof(Ipv4Header);
}

namespace ipv4 {
inline constexpr std::uint8_t plain = 0x45;  // version 4, no options
inline constexpr std::uint16_t dont_fragment = 0x4000;
inline constexpr std::uint16_t more_fragments = 0x2000;
inline constexpr std::uint16_t offset_mask = 0x1fff;
inline constexpr std::uint8_t default_ttl = 64;   // RFC 1122, 3.2.1.7 (IANA)
inline constexpr std::size_t mtu_bytes_min = 68;  // RFC 791, 3.2
inline constexpr std::size_t packet_bytes_max = 65'535;
}  // namespace ipv4

struct Ipv4Packet {
  Ipv4Address source;
  Ipv4Address target;
  std::uint8_t protocol;
  std::uint8_t traffic_class;
  std::uint8_t time_to_live;
  std::uint16_t identification;
  std::uint16_t header_bytes;     // 20 to 60
  std::uint16_t fragment_offset;  // bytes
  bool more_fragments;
  std::span<const std::byte> payload;  // borrowed; link padding removed

  bool is_fragment() const { return more_fragments || fragment_offset != 0; }
};

// Whether the header's own checksum is looked at.
enum class Verify : bool { no, yes };

std::expected<Ipv4Packet, Drop> parse_ipv4(std::span<const std::byte> bytes, Verify checksum);

struct Ipv4Fields {
  Ipv4Address source;
  Ipv4Address target;
  std::uint8_t protocol;
  std::uint8_t traffic_class = 0;
  std::uint8_t time_to_live = ipv4::default_ttl;
  std::uint16_t identification = 0;
  std::uint16_t fragment = ipv4::dont_fragment;
  std::size_t payload_bytes;
};

// REQUIRES: the payload fits a packet.
inline Ipv4Header emit_ipv4(const Ipv4Fields& fields) {
  Ipv4Header header{
      .version_and_words = ipv4::plain,
      .traffic_class = fields.traffic_class,
      .total_bytes = be16_t{static_cast<std::uint16_t>(sizeof(Ipv4Header) + fields.payload_bytes)},
      .identification = be16_t{fields.identification},
      .fragment = be16_t{fields.fragment},
      .time_to_live = fields.time_to_live,
      .protocol = fields.protocol,
      .checksum = be16_t{0},
      .source = fields.source,
      .target = fields.target};
  // From the fields and not from the struct, which would have to go through memory first.
  const std::uint64_t words =
      std::uint64_t{std::bit_cast<std::uint32_t>(fields.source)} +
      std::bit_cast<std::uint32_t>(fields.target) +
      be16_t{static_cast<std::uint16_t>(ipv4::plain << 8 | fields.traffic_class)}.raw() +
      header.total_bytes.raw() + header.identification.raw() + header.fragment.raw() +
      be16_t{static_cast<std::uint16_t>(fields.time_to_live << 8 | fields.protocol)}.raw();
  header.checksum = InternetSum{words}.checksum();
  return header;
}

// Field by field (load_store.h says why).
inline void write(Ipv4Header& to, const Ipv4Header& header) {
  to.version_and_words = header.version_and_words;
  to.traffic_class = header.traffic_class;
  to.total_bytes = header.total_bytes;
  to.identification = header.identification;
  to.fragment = header.fragment;
  to.time_to_live = header.time_to_live;
  to.protocol = header.protocol;
  to.checksum = header.checksum;
  to.source = header.source;
  to.target = header.target;
}

}  // namespace arrakis::extaris
