// fragment_map.h: which parts of a datagram have arrived, in units of eight bytes.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace arrakis::extaris {

class FragmentMap {
 public:
  static constexpr std::size_t units_max = 8192;  // offsets have 13 bits

  enum class Coverage : std::uint8_t { none, some, all };
  // How much of [first, first + count) is set. REQUIRES: inside units_max.
  Coverage coverage(std::size_t first, std::size_t count) const noexcept {
    bool any = false;
    bool every = true;
    for_each_word(first, count, [&](std::size_t word, std::uint64_t mask) {
      any = any || (words_[word] & mask) != 0;
      every = every && (words_[word] & mask) == mask;
    });
    return every && count > 0 ? Coverage::all : any ? Coverage::some : Coverage::none;
  }
  // REQUIRES: coverage(first, count) is none.
  void set(std::size_t first, std::size_t count) noexcept {
    for_each_word(first, count,
                  [&](std::size_t word, std::uint64_t mask) { words_[word] |= mask; });
    set_ += count;
  }
  std::size_t count() const noexcept { return set_; }
  void clear() noexcept { *this = {}; }

 private:
  template <class Visit>
  static void for_each_word(std::size_t first, std::size_t count, Visit visit) noexcept {
    while (count > 0) {
      const std::size_t bit = first % 64;
      const std::size_t here = std::min(count, 64 - bit);
      const std::uint64_t ones = here == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << here) - 1;
      visit(first / 64, ones << bit);
      first += here;
      count -= here;
    }
  }

  std::array<std::uint64_t, units_max / 64> words_{};
  std::size_t set_ = 0;
};

}  // namespace arrakis::extaris
