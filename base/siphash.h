// siphash.h: SipHash-2-4 (Aumasson and Bernstein, 2012): a short keyed hash whose output nobody
// without the key can guess or steer. For what strangers see or choose: sequence numbers, cookies.
#pragma once

#include <bit>
#include <cstdint>
#include <span>

namespace arrakis {

class SipHash {
 public:
  constexpr SipHash(std::uint64_t key_0, std::uint64_t key_1) : key_0_{key_0}, key_1_{key_1} {}

  // Of whole words: eight bytes each, little-endian.
  constexpr std::uint64_t operator()(std::span<const std::uint64_t> words) const {
    State s{key_0_ ^ 0x736f'6d65'7073'6575, key_1_ ^ 0x646f'7261'6e64'6f6d,
            key_0_ ^ 0x6c79'6765'6e65'7261, key_1_ ^ 0x7465'6462'7974'6573};
    for (const std::uint64_t word : words) s.absorb(word);
    s.absorb(std::uint64_t{words.size() * 8} << 56);
    s.v2 ^= 0xff;
    for (int i = 0; i < 4; ++i) s.round();
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
  }

 private:
  struct State {
    std::uint64_t v0, v1, v2, v3;

    constexpr void round() {
      v0 += v1;
      v1 = std::rotl(v1, 13) ^ v0;
      v0 = std::rotl(v0, 32);
      v2 += v3;
      v3 = std::rotl(v3, 16) ^ v2;
      v0 += v3;
      v3 = std::rotl(v3, 21) ^ v0;
      v2 += v1;
      v1 = std::rotl(v1, 17) ^ v2;
      v2 = std::rotl(v2, 32);
    }
    constexpr void absorb(std::uint64_t word) {
      v3 ^= word;
      round();
      round();
      v0 ^= word;
    }
  };

  std::uint64_t key_0_;
  std::uint64_t key_1_;
};

}  // namespace arrakis
