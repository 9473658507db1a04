// big_endian.h: integers as they stand on the wire.
//
// A big-endian integer is not an integer: it has no arithmetic and no order, and the conversion is
// a word in the text (`.host()`), never implicit.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>

namespace arrakis {

template <std::unsigned_integral T>
  requires(sizeof(T) == 2 || sizeof(T) == 4)
class [[gnu::packed]] BigEndian {
 public:
  BigEndian() = default;
  explicit constexpr BigEndian(T host) : raw_{swap(host)} {}

  constexpr T host() const { return swap(raw_); }
  // The same bits, for sums that do not care about the order of bytes (RFC 1071, section 1.B).
  constexpr T raw() const { return raw_; }
  static constexpr BigEndian from_raw(T raw) {
    BigEndian value;
    value.raw_ = raw;
    return value;
  }

  friend constexpr bool operator==(BigEndian a, BigEndian b) { return a.raw_ == b.raw_; }

 private:
  static constexpr T swap(T v) {
    if constexpr (std::endian::native == std::endian::big) return v;
    if constexpr (sizeof(T) == 2) return __builtin_bswap16(v);
    return static_cast<T>(__builtin_bswap32(v));
  }
  T raw_;
};

using be16_t = BigEndian<std::uint16_t>;
using be32_t = BigEndian<std::uint32_t>;

static_assert(sizeof(be16_t) == 2 && alignof(be16_t) == 1);
static_assert(sizeof(be32_t) == 4 && alignof(be32_t) == 1);

}  // namespace arrakis
