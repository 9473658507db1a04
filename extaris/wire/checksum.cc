#include "extaris/wire/checksum.h"

namespace arrakis::extaris {
namespace {

std::uint64_t load(const std::byte* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

}  // namespace

std::uint64_t sum_words(std::span<const std::byte> bytes) noexcept {
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  std::uint64_t a = 0;  // two chains, so that one addition need not wait for the other
  std::uint64_t b = 0;
  for (; left >= 32; at += 32, left -= 32) {
    a = add_with_carry(a, load(at));
    b = add_with_carry(b, load(at + 8));
    a = add_with_carry(a, load(at + 16));
    b = add_with_carry(b, load(at + 24));
  }
  for (; left >= 8; at += 8, left -= 8) a = add_with_carry(a, load(at));
  if (left > 0) {
    std::uint64_t last = 0;  // zeros behind the end change no sum
    std::memcpy(&last, at, left);
    b = add_with_carry(b, last);
  }
  return add_with_carry(a, b);
}

}  // namespace arrakis::extaris
