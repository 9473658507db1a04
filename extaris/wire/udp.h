// udp.h: UDP datagrams (RFC 768).
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>

#include "base/big_endian.h"
#include "base/byte_reader.h"
#include "extaris/wire/drop.h"

namespace arrakis::extaris {

struct UdpHeader {
  be16_t source_port;
  be16_t target_port;
  be16_t length_bytes;  // header and payload
  be16_t checksum;      // 0: not computed; not allowed over IPv6 (RFC 8200, 8.1)
};
static_assert(WireFormat<UdpHeader> && sizeof(UdpHeader) == 8);
static_assert(offsetof(UdpHeader, checksum) == 6);

struct UdpSegment {
  std::uint16_t source_port;
  std::uint16_t target_port;
  be16_t checksum;
  std::span<const std::byte> payload;  // borrowed; what IP carried behind it removed
};

inline std::expected<UdpSegment, Drop> parse_udp(std::span<const std::byte> bytes) {
  ByteReader in{bytes};
  const auto* header = in.take<UdpHeader>();
  if (header == nullptr) return std::unexpected(Drop::truncated);
  const std::size_t length = header->length_bytes.host();
  if (length < sizeof(UdpHeader) || length > bytes.size()) return std::unexpected(Drop::bad_length);
  return UdpSegment{header->source_port.host(), header->target_port.host(), header->checksum,
                    in.rest().first(length - sizeof(UdpHeader))};
}

// What stands in the field for a computed sum: 0 is sent as its other representation (RFC 768).
constexpr be16_t udp_checksum(be16_t computed) {
  return computed.raw() == 0 ? be16_t{0xffff} : computed;
}

}  // namespace arrakis::extaris
