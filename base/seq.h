// seq.h: TCP sequence numbers (RFC 9293, 3.4): integers modulo 2^32, which have no `<`.
#pragma once

#include <cstdint>

namespace arrakis {

class Seq {
 public:
  constexpr Seq() = default;
  explicit constexpr Seq(std::uint32_t raw) : raw_{raw} {}

  constexpr std::uint32_t raw() const { return raw_; }

  // Right only while the two are closer than 2^31.
  constexpr bool before(Seq other) const {
    return static_cast<std::int32_t>(raw_ - other.raw_) < 0;
  }
  constexpr bool after(Seq other) const { return other.before(*this); }
  constexpr bool not_after(Seq other) const { return !after(other); }
  constexpr bool not_before(Seq other) const { return !before(other); }
  // In [first, first + size).
  constexpr bool in_window(Seq first, std::uint32_t size) const { return raw_ - first.raw_ < size; }

  friend constexpr Seq operator+(Seq s, std::uint32_t n) { return Seq{s.raw_ + n}; }
  friend constexpr Seq operator-(Seq s, std::uint32_t n) { return Seq{s.raw_ - n}; }
  // How far it is from `b` forward to `a`.
  friend constexpr std::uint32_t operator-(Seq a, Seq b) { return a.raw_ - b.raw_; }
  friend constexpr bool operator==(Seq, Seq) = default;

 private:
  std::uint32_t raw_ = 0;
};

constexpr Seq later(Seq a, Seq b) { return a.before(b) ? b : a; }
constexpr Seq earlier(Seq a, Seq b) { return a.before(b) ? a : b; }

static_assert(Seq{0xffff'fff0}.before(Seq{0x10}) && Seq{5}.in_window(Seq{0xffff'ffff}, 16));

}  // namespace arrakis
