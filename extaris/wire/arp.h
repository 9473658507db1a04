// arp.h: address resolution for IPv4 over Ethernet (RFC 826).
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>

#include "base/address.h"
#include "base/big_endian.h"
#include "base/byte_reader.h"
#include "extaris/wire/drop.h"
#include "extaris/wire/ethernet.h"

namespace arrakis::extaris {

struct ArpHeader {
  be16_t hardware_type;  // 1: Ethernet
  be16_t protocol_type;  // an EtherType
  std::uint8_t hardware_bytes;
  std::uint8_t protocol_bytes;
  be16_t operation;
  MacAddress sender_mac;
  Ipv4Address sender_ip;
  MacAddress target_mac;
  Ipv4Address target_ip;
};
static_assert(WireFormat<ArpHeader> && sizeof(ArpHeader) == 28);
static_assert(offsetof(ArpHeader, target_ip) == 24);

enum class ArpOperation : std::uint16_t { request = 1, reply = 2 };

struct ArpMessage {
  ArpOperation operation;
  MacAddress sender_mac;
  Ipv4Address sender_ip;  // any: a probe (RFC 5227)
  MacAddress target_mac;
  Ipv4Address target_ip;
};

inline std::expected<ArpMessage, Drop> parse_arp(std::span<const std::byte> bytes) {
  const auto* header = ByteReader{bytes}.take<ArpHeader>();
  if (header == nullptr) return std::unexpected(Drop::truncated);
  const std::uint16_t operation = header->operation.host();
  if (header->hardware_type.host() != 1 || header->protocol_type.host() != ethertype::ipv4 ||
      header->hardware_bytes != sizeof(MacAddress) ||
      header->protocol_bytes != sizeof(Ipv4Address) || operation < 1 || operation > 2 ||
      header->sender_mac.is_multicast() || header->sender_ip.is_multicast() ||
      header->sender_ip.is_broadcast())
    return std::unexpected(Drop::malformed_arp);
  return ArpMessage{static_cast<ArpOperation>(operation), header->sender_mac, header->sender_ip,
                    header->target_mac, header->target_ip};
}

inline ArpHeader emit_arp(const ArpMessage& message) {
  return {.hardware_type = be16_t{1},
          .protocol_type = be16_t{ethertype::ipv4},
          .hardware_bytes = sizeof(MacAddress),
          .protocol_bytes = sizeof(Ipv4Address),
          .operation = be16_t{static_cast<std::uint16_t>(message.operation)},
          .sender_mac = message.sender_mac,
          .sender_ip = message.sender_ip,
          .target_mac = message.target_mac,
          .target_ip = message.target_ip};
}

}  // namespace arrakis::extaris
