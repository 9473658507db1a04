// random.h: a small generator whose whole state is a seed, for simulations and for jitter.
//
// Not for secrets. SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators,
// OOPSLA 2014): passes BigCrush, one addition and three multiplications a number.
#pragma once

#include <cstdint>

namespace arrakis {

class Random {
 public:
  explicit constexpr Random(std::uint64_t seed) : state_{seed} {}

  constexpr std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e37'79b9'7f4a'7c15);
    z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9;
    z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11eb;
    return z ^ (z >> 31);
  }

  // Uniform in [0, bound), bound > 0 (Lemire's multiplication; bias below 2^-32 for small bounds).
  constexpr std::uint64_t below(std::uint64_t bound) {
    __extension__ using Wide = unsigned __int128;  // not in ISO C++
    return static_cast<std::uint64_t>((Wide{next()} * bound) >> 64);
  }

  // True once in `one_in` times on average; never for 0.
  constexpr bool once_in(std::uint64_t one_in) { return one_in != 0 && below(one_in) == 0; }

 private:
  std::uint64_t state_;
};

}  // namespace arrakis
