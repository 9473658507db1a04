// address.h: link and network addresses as values.
//
// Bytes are held in network order, so a value can be compared with and copied to a header without
// conversion. Text forms are those of RFC 4291 / RFC 5952 and of IEEE 802 (colons).
#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "base/big_endian.h"

namespace arrakis {

struct MacAddress {
  std::array<std::uint8_t, 6> bytes{};

  constexpr bool is_multicast() const { return (bytes[0] & 1) != 0; }
  static constexpr MacAddress broadcast() { return {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}; }
  friend constexpr auto operator<=>(const MacAddress&, const MacAddress&) = default;
  friend constexpr bool operator==(const MacAddress& a, const MacAddress& b) {
    using Words = std::array<std::uint16_t, 3>;  // in registers; the default calls memcmp
    const auto x = std::bit_cast<Words>(a);
    const auto y = std::bit_cast<Words>(b);
    return ((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2])) == 0;
  }

  static std::optional<MacAddress> parse(std::string_view text);
  std::string to_string() const;
};
static_assert(sizeof(MacAddress) == 6 && alignof(MacAddress) == 1);

struct Ipv4Address {
  std::array<std::uint8_t, 4> bytes{};

  static constexpr Ipv4Address from_host(std::uint32_t v) {
    return {{static_cast<std::uint8_t>(v >> 24), static_cast<std::uint8_t>(v >> 16),
             static_cast<std::uint8_t>(v >> 8), static_cast<std::uint8_t>(v)}};
  }
  constexpr std::uint32_t host() const {
    return (std::uint32_t{bytes[0]} << 24) | (std::uint32_t{bytes[1]} << 16) |
           (std::uint32_t{bytes[2]} << 8) | bytes[3];
  }
  constexpr bool is_any() const { return host() == 0; }
  constexpr bool is_broadcast() const { return host() == 0xffff'ffff; }
  constexpr bool is_multicast() const { return (bytes[0] & 0xf0) == 0xe0; }  // RFC 5771
  constexpr bool is_loopback() const { return bytes[0] == 127; }             // RFC 1122, 3.2.1.3
  friend constexpr auto operator<=>(const Ipv4Address&, const Ipv4Address&) = default;
  friend constexpr bool operator==(const Ipv4Address& a, const Ipv4Address& b) {
    return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
  }
};
static_assert(sizeof(Ipv4Address) == 4 && alignof(Ipv4Address) == 1);

struct Ipv6Address {
  std::array<std::uint8_t, 16> bytes{};

  constexpr bool is_any() const { return *this == Ipv6Address{}; }
  constexpr bool is_multicast() const { return bytes[0] == 0xff; }
  constexpr bool is_link_local() const { return bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80; }
  constexpr bool is_loopback() const {
    Ipv6Address loopback;
    loopback.bytes[15] = 1;
    return *this == loopback;
  }
  // The IPv4-mapped form ::ffff:a.b.c.d (RFC 4291, 2.5.5.2).
  constexpr bool is_v4_mapped() const {
    const auto words = std::bit_cast<std::array<std::uint32_t, 4>>(bytes);
    return (words[0] | words[1]) == 0 && words[2] == be32_t{0xffff}.raw();
  }
  friend constexpr auto operator<=>(const Ipv6Address&, const Ipv6Address&) = default;
  friend constexpr bool operator==(const Ipv6Address& a, const Ipv6Address& b) {
    using Words = std::array<std::uint64_t, 2>;
    const auto x = std::bit_cast<Words>(a);
    const auto y = std::bit_cast<Words>(b);
    return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
  }
};
static_assert(sizeof(Ipv6Address) == 16 && alignof(Ipv6Address) == 1);

// Either family in 16 bytes; IPv4 is held in its mapped form, so equality is one comparison.
class IpAddress {
 public:
  constexpr IpAddress() = default;  // ::, "any" of both families
  constexpr IpAddress(Ipv4Address v4)
      : bytes_{std::bit_cast<Ipv6Address>(std::array<std::uint32_t, 4>{
            0, 0, be32_t{0xffff}.raw(), std::bit_cast<std::uint32_t>(v4)})} {}
  constexpr IpAddress(const Ipv6Address& v6) : bytes_{v6} {}

  constexpr bool is_v4() const { return bytes_.is_v4_mapped(); }
  constexpr bool is_any() const { return is_v4() ? v4().is_any() : bytes_.is_any(); }
  constexpr bool is_multicast() const {
    return is_v4() ? v4().is_multicast() : bytes_.is_multicast();
  }
  constexpr Ipv4Address v4() const {
    return std::bit_cast<Ipv4Address>(std::bit_cast<std::array<std::uint32_t, 4>>(bytes_)[3]);
  }
  constexpr const Ipv6Address& v6() const { return bytes_; }
  friend constexpr auto operator<=>(const IpAddress&, const IpAddress&) = default;

  static std::optional<IpAddress> parse(std::string_view text);
  std::string to_string() const;

 private:
  Ipv6Address bytes_{};
};
static_assert(sizeof(IpAddress) == 16);

// A block of addresses, "10.20.0.0/24". The bits past the prefix may be set: an interface's own
// address and its network are one value ("10.20.0.2/24").
struct IpPrefix {
  IpAddress address;
  std::uint8_t length = 0;  // bits; at most 32 for IPv4, 128 for IPv6

  constexpr bool contains(const IpAddress& other) const {
    if (address.is_v4() != other.is_v4()) return false;
    unsigned bits = length + (address.is_v4() ? 96u : 0u);
    for (std::size_t i = 0; i < 16 && bits > 0; ++i) {
      const unsigned take = bits < 8 ? bits : 8;
      const unsigned mask = (0xffu << (8 - take)) & 0xffu;
      if (((address.v6().bytes[i] ^ other.v6().bytes[i]) & mask) != 0) return false;
      bits -= take;
    }
    return true;
  }
  friend constexpr auto operator<=>(const IpPrefix&, const IpPrefix&) = default;

  // Without "/n" the prefix is one whole address.
  static std::optional<IpPrefix> parse(std::string_view text);
  std::string to_string() const;
};

struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;  // host order; 0: any, where a wildcard is allowed

  friend constexpr auto operator<=>(const Endpoint&, const Endpoint&) = default;

  static std::optional<Endpoint> parse(std::string_view text);  // "10.0.0.1:7", "[fd00::1]:7"
  std::string to_string() const;
};

}  // namespace arrakis
