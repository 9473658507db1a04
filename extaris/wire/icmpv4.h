// icmpv4.h: ICMP for IPv4 (RFC 792).
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>

#include "base/big_endian.h"
#include "base/byte_reader.h"
#include "extaris/wire/drop.h"

namespace arrakis::extaris {

struct Icmpv4Header {
  std::uint8_t type;
  std::uint8_t code;
  be16_t checksum;
  be32_t parameter;  // next hop's MTU, pointer, or an echo's identifier and sequence number
};
static_assert(WireFormat<Icmpv4Header> && sizeof(Icmpv4Header) == 8);

namespace icmpv4 {
// Types
inline constexpr std::uint8_t echo_reply = 0;
inline constexpr std::uint8_t destination_unreachable = 3;
inline constexpr std::uint8_t source_quench = 4;
inline constexpr std::uint8_t redirect = 5;
inline constexpr std::uint8_t echo_request = 8;
inline constexpr std::uint8_t time_exceeded = 11;
inline constexpr std::uint8_t parameter_problem = 12;
// Codes of destination_unreachable (RFC 792; RFC 1122, 3.2.2.1)
inline constexpr std::uint8_t network_unreachable = 0;
inline constexpr std::uint8_t host_unreachable = 1;
inline constexpr std::uint8_t protocol_unreachable = 2;
inline constexpr std::uint8_t port_unreachable = 3;
inline constexpr std::uint8_t fragmentation_needed = 4;
inline constexpr std::uint8_t network_prohibited = 9;
inline constexpr std::uint8_t host_prohibited = 10;
inline constexpr std::uint8_t administratively_prohibited = 13;  // RFC 1812, 5.2.7.1
// Codes of time_exceeded
inline constexpr std::uint8_t reassembly = 1;
}  // namespace icmpv4

struct Icmpv4Message {
  std::uint8_t type;
  std::uint8_t code;
  std::uint32_t parameter;
  std::span<const std::byte> body;  // behind the eight bytes; of an error: the packet it is about

  bool is_error() const {
    return type == icmpv4::destination_unreachable || type == icmpv4::source_quench ||
           type == icmpv4::redirect || type == icmpv4::time_exceeded ||
           type == icmpv4::parameter_problem;
  }
};

// The checksum is verified elsewhere (extaris/ip/icmp.h).
inline std::expected<Icmpv4Message, Drop> parse_icmpv4(std::span<const std::byte> bytes) {
  ByteReader in{bytes};
  const auto* header = in.take<Icmpv4Header>();
  if (header == nullptr) return std::unexpected(Drop::truncated);
  return Icmpv4Message{header->type, header->code, header->parameter.host(), in.rest()};
}

}  // namespace arrakis::extaris
