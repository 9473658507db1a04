// checksum.h: the Internet checksum (RFC 1071).
//
// Sums are taken over the bytes as they lie in memory, whatever the byte order of the machine: a
// one's complement sum does not care (RFC 1071, section 1.B), as long as what is summed in pieces
// starts at even offsets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "base/address.h"
#include "base/big_endian.h"

namespace arrakis::extaris {

// One's complement addition of 64 bits: what carries out comes back in (add, adc).
constexpr std::uint64_t add_with_carry(std::uint64_t a, std::uint64_t b) {
  a += b;
  return a + (a < b ? 1 : 0);
}

// The one's complement sum of `bytes`; an odd last byte is padded with zero.
std::uint64_t sum_words(std::span<const std::byte> bytes) noexcept;

// A sum in the making.
class InternetSum {
 public:
  InternetSum() = default;
  // Of words that have been added up already.
  explicit constexpr InternetSum(std::uint64_t words) : sum_{words} {}

  constexpr InternetSum& add(be16_t word) {
    sum_ = add_with_carry(sum_, word.raw());
    return *this;
  }
  constexpr InternetSum& add(const InternetSum& other) {
    sum_ = add_with_carry(sum_, other.sum_);
    return *this;
  }
  // REQUIRES: everything added before had an even number of bytes.
  InternetSum& add(std::span<const std::byte> bytes) {
    sum_ = add_with_carry(sum_, sum_words(bytes));
    return *this;
  }
  // A header of fixed size, a multiple of four: short enough to stay in line.
  template <class T>
    requires(sizeof(T) % 4 == 0)
  InternetSum& add_header(const T& header) {
    std::uint32_t words[sizeof(T) / 4];
    std::memcpy(words, &header, sizeof(T));
    std::uint64_t sum = 0;  // a few words of 32 bits do not overflow it
    for (const std::uint32_t word : words) sum += word;
    sum_ = add_with_carry(sum_, sum);
    return *this;
  }
  InternetSum& add(const Ipv4Address& address) { return add_header(address); }
  InternetSum& add(const Ipv6Address& address) { return add_header(address); }

  // Folded to 16 bits, not complemented. 0xffff: the bytes, their checksum included, are intact.
  constexpr std::uint16_t folded() const {
    std::uint64_t sum = (sum_ & 0xffff'ffff) + (sum_ >> 32);
    sum = (sum & 0xffff) + ((sum >> 16) & 0xffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>((sum & 0xffff) + (sum >> 16));
  }
  bool intact() const { return folded() == 0xffff; }
  // What the checksum field must hold for intact() to be true.
  constexpr be16_t checksum() const {
    return be16_t::from_raw(static_cast<std::uint16_t>(~folded()));
  }

 private:
  std::uint64_t sum_ = 0;
};

// The pseudo-headers of TCP and UDP (RFC 9293, 3.1) and of IPv6 (RFC 8200, 8.1).
inline InternetSum pseudo_header(const Ipv4Address& source, const Ipv4Address& target,
                                 std::uint8_t protocol, std::size_t bytes) {
  return InternetSum{}
      .add(source)
      .add(target)
      .add(be16_t{protocol})
      .add(be16_t{static_cast<std::uint16_t>(bytes)});
}
inline InternetSum pseudo_header(const Ipv6Address& source, const Ipv6Address& target,
                                 std::uint8_t protocol, std::size_t bytes) {
  return InternetSum{}
      .add(source)
      .add(target)
      .add(be16_t{protocol})
      .add(be16_t{static_cast<std::uint16_t>(bytes)});
}
// REQUIRES: both of one family.
inline InternetSum pseudo_header(const IpAddress& source, const IpAddress& target,
                                 std::uint8_t protocol, std::size_t bytes) {
  return source.is_v4() ? pseudo_header(source.v4(), target.v4(), protocol, bytes)
                        : pseudo_header(source.v6(), target.v6(), protocol, bytes);
}

// The checksum after one word under it changed (RFC 1624, equation 3).
constexpr be16_t updated_checksum(be16_t checksum, be16_t before, be16_t after) {
  std::uint32_t sum = static_cast<std::uint16_t>(~checksum.raw());
  sum += static_cast<std::uint16_t>(~before.raw());
  sum += after.raw();
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return be16_t::from_raw(static_cast<std::uint16_t>(~sum));
}

}  // namespace arrakis::extaris
