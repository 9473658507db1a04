#include "extaris/wire/checksum.h"

namespace arrakis::extaris {
namespace {

std::uint64_t load(const std::byte* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

// 32-bit words into 64-bit sums cannot overflow below 16 GiB, so no carry is chased: two
// independent additions a load, which keeps both load ports busy.
struct WideSum {
  std::uint64_t low = 0;
  std::uint64_t high = 0;

  void add(std::uint64_t word) {
    low += word & 0xffff'ffff;
    high += word >> 32;
  }
};

}  // namespace

std::uint64_t sum_words(std::span<const std::byte> bytes) noexcept {
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  WideSum a;
  WideSum b;
  for (; left >= 32; at += 32, left -= 32) {
    a.add(load(at));
    b.add(load(at + 8));
    a.add(load(at + 16));
    b.add(load(at + 24));
  }
  for (; left >= 8; at += 8, left -= 8) a.add(load(at));
  if (left > 0) {
    std::uint64_t last = 0;  // zeros behind the end change no sum
    std::memcpy(&last, at, left);
    b.add(last);
  }
  return a.low + a.high + b.low + b.high;
}

}  // namespace arrakis::extaris
