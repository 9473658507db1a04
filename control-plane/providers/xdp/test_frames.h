// test_frames.h: for tests only, frames byte by byte, honest and forged.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/address.h"

namespace arrakis::control {

using Bytes = std::vector<std::uint8_t>;

inline Bytes operator+(Bytes left, const Bytes& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}
template <std::size_t n>
Bytes to_bytes(const std::array<std::uint8_t, n>& from) {
  return {from.begin(), from.end()};
}
inline Bytes be16(unsigned value) {
  return {static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
}
inline MacAddress mac(std::string_view text) { return *MacAddress::parse(text); }
inline IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }

// RFC 1071 over `bytes`.
inline unsigned checksum(const Bytes& bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) sum += i % 2 == 0 ? bytes[i] * 256u : bytes[i];
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}

inline Bytes address_bytes(const IpAddress& address) {
  return address.is_v4() ? to_bytes(address.v4().bytes) : to_bytes(address.v6().bytes);
}

inline Bytes ethernet(const MacAddress& target, const MacAddress& source, unsigned type,
                      const Bytes& payload) {
  return to_bytes(target.bytes) + to_bytes(source.bytes) + be16(type) + payload;
}

struct ArpFields {
  unsigned operation;  // 1: request, 2: reply
  MacAddress sender_mac;
  IpAddress sender;
  MacAddress target_mac;
  IpAddress target;
};
inline Bytes arp(const ArpFields& arp) {
  return be16(1) + be16(0x0800) + Bytes{6, 4} + be16(arp.operation) +
         to_bytes(arp.sender_mac.bytes) + address_bytes(arp.sender) +
         to_bytes(arp.target_mac.bytes) + address_bytes(arp.target);
}

struct IpFields {
  IpAddress source, target;
  std::uint8_t protocol;  // the first next header of IPv6
  unsigned fragment = 0;  // IPv4: flags and offset
  Bytes options = {};     // IPv4, whole words
};
inline Bytes ip_packet(const IpFields& ip, const Bytes& payload) {
  if (!ip.source.is_v4())
    return Bytes{0x60, 0, 0, 0} + be16(static_cast<unsigned>(payload.size())) +
           Bytes{ip.protocol, 255} + address_bytes(ip.source) + address_bytes(ip.target) + payload;
  const auto header_bytes = static_cast<unsigned>(20 + ip.options.size());
  Bytes header = Bytes{static_cast<std::uint8_t>(0x40 | header_bytes / 4), 0} +
                 be16(header_bytes + static_cast<unsigned>(payload.size())) + be16(7) +
                 be16(ip.fragment) + Bytes{64, ip.protocol, 0, 0} + address_bytes(ip.source) +
                 address_bytes(ip.target) + ip.options;
  const Bytes sum = be16(checksum(header));
  header[10] = sum[0];
  header[11] = sum[1];
  return header + payload;
}

// The checksum of a transport header at `at`, over its pseudo-header (RFC 768, RFC 8200 8.1).
inline Bytes summed(Bytes message, std::size_t at, const IpFields& ip) {
  const auto size = static_cast<unsigned>(message.size());
  const Bytes pseudo = address_bytes(ip.source) + address_bytes(ip.target) + be16(0) + be16(size) +
                       be16(0) + be16(ip.protocol);
  const Bytes sum = be16(checksum(pseudo + message));
  message[at] = sum[0];
  message[at + 1] = sum[1];
  return message;
}

struct Ports {
  std::uint16_t source, target;
};
inline Bytes udp(const IpAddress& source, const IpAddress& target, Ports ports,
                 const Bytes& payload) {
  const IpFields ip{.source = source, .target = target, .protocol = 17};
  const Bytes message = be16(ports.source) + be16(ports.target) +
                        be16(8 + static_cast<unsigned>(payload.size())) + be16(0) + payload;
  return ip_packet(ip, summed(message, 6, ip));
}

inline Bytes icmpv6(const IpAddress& source, const IpAddress& target, const Bytes& body) {
  const IpFields ip{.source = source, .target = target, .protocol = 58};
  return ip_packet(ip, summed(body, 2, ip));
}
// RFC 4861, 4.3 and 4.4; `option`: 1 source, 2 target link-layer address, 0 none.
inline Bytes neighbor_message(std::uint8_t type, std::uint32_t flags, const IpAddress& about,
                              std::uint8_t option = 0, const MacAddress& link_address = {}) {
  Bytes body =
      Bytes{type, 0, 0, 0} + be16(flags >> 16) + be16(flags & 0xffff) + address_bytes(about);
  if (option != 0) body = body + Bytes{option, 1} + to_bytes(link_address.bytes);
  return body;
}

}  // namespace arrakis::control
