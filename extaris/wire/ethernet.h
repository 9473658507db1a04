// ethernet.h: Ethernet II frames (IEEE 802.3, clause 3.2.6) and the multicast mappings of IP.
#pragma once

#include <cstdint>
#include <expected>
#include <span>

#include "base/address.h"
#include "base/big_endian.h"
#include "base/byte_reader.h"
#include "extaris/wire/drop.h"

namespace arrakis::extaris {

namespace ethertype {
inline constexpr std::uint16_t ipv4 = 0x0800;
inline constexpr std::uint16_t arp = 0x0806;
inline constexpr std::uint16_t ipv6 = 0x86dd;
}  // namespace ethertype

struct EthernetHeader {
  MacAddress target;
  MacAddress source;
  be16_t type;
};
static_assert(WireFormat<EthernetHeader> && sizeof(EthernetHeader) == 14);

struct EthernetFrame {
  MacAddress target;
  MacAddress source;
  std::uint16_t type;
  std::span<const std::byte> payload;  // borrowed; may have padding behind it
};

inline std::expected<EthernetFrame, Drop> parse_ethernet(std::span<const std::byte> bytes) {
  ByteReader in{bytes};
  const auto* header = in.take<EthernetHeader>();
  if (header == nullptr) return std::unexpected(Drop::truncated);
  return EthernetFrame{header->target, header->source, header->type.host(), in.rest()};
}

// RFC 1112, 6.4: 01:00:5e and the low 23 bits.
constexpr MacAddress multicast_mac(const Ipv4Address& group) {
  return {{0x01, 0x00, 0x5e, static_cast<std::uint8_t>(group.bytes[1] & 0x7f), group.bytes[2],
           group.bytes[3]}};
}

// RFC 2464, 7: 33:33 and the low 32 bits.
constexpr MacAddress multicast_mac(const Ipv6Address& group) {
  return {{0x33, 0x33, group.bytes[12], group.bytes[13], group.bytes[14], group.bytes[15]}};
}

}  // namespace arrakis::extaris
