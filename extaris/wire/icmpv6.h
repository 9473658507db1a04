// icmpv6.h: ICMPv6 (RFC 4443).
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

struct Icmpv6Header {
  std::uint8_t type;
  std::uint8_t code;
  be16_t checksum;   // over the pseudo-header, too
  be32_t parameter;  // MTU, pointer, or an echo's identifier and sequence number
};
static_assert(WireFormat<Icmpv6Header> && sizeof(Icmpv6Header) == 8);

namespace icmpv6 {
// Types; those below 128 are errors.
inline constexpr std::uint8_t destination_unreachable = 1;
inline constexpr std::uint8_t packet_too_big = 2;
inline constexpr std::uint8_t time_exceeded = 3;
inline constexpr std::uint8_t parameter_problem = 4;
inline constexpr std::uint8_t echo_request = 128;
inline constexpr std::uint8_t echo_reply = 129;
inline constexpr std::uint8_t router_solicitation = 133;
inline constexpr std::uint8_t router_advertisement = 134;
inline constexpr std::uint8_t neighbor_solicitation = 135;
inline constexpr std::uint8_t neighbor_advertisement = 136;
inline constexpr std::uint8_t redirect = 137;
// Codes of destination_unreachable
inline constexpr std::uint8_t no_route = 0;
inline constexpr std::uint8_t administratively_prohibited = 1;
inline constexpr std::uint8_t address_unreachable = 3;
inline constexpr std::uint8_t port_unreachable = 4;
// Codes of time_exceeded
inline constexpr std::uint8_t reassembly = 1;
// Codes of parameter_problem
inline constexpr std::uint8_t erroneous_field = 0;
inline constexpr std::uint8_t unknown_next_header = 1;
inline constexpr std::uint8_t unknown_option = 2;
}  // namespace icmpv6

struct Icmpv6Message {
  std::uint8_t type;
  std::uint8_t code;
  std::uint32_t parameter;
  std::span<const std::byte> body;  // behind the eight bytes; of an error: the packet it is about

  bool is_error() const { return type < 128; }
};

// The checksum is verified elsewhere: it covers addresses that are not here.
inline std::expected<Icmpv6Message, Drop> parse_icmpv6(std::span<const std::byte> bytes) {
  ByteReader in{bytes};
  const auto* header = in.take<Icmpv6Header>();
  if (header == nullptr) return std::unexpected(Drop::truncated);
  return Icmpv6Message{header->type, header->code, header->parameter.host(), in.rest()};
}

}  // namespace arrakis::extaris
