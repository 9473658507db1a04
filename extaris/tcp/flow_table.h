// flow_table.h: from a segment's addresses and ports to its connection.
//
// Open addressing with linear probing over eight-byte slots, eight to a cache line, never more than
// half full, so a search looks at one line almost always. What is removed leaves no tombstone: the
// rest of its run moves up, so the table is as good after a billion connections as when it was new.
// The hash is keyed: who does not know the key cannot aim at one slot.
// Memory: taken when it is made; pages are touched when they are used.  Threads: one.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/address.h"
#include "extaris/packet/huge_pages.h"

namespace arrakis::extaris::tcp {

using Index = std::uint32_t;  // of a connection
inline constexpr Index none = 0xffff'ffff;

struct FlowHash {
  std::uint64_t key_a;
  std::uint64_t key_b;

  // Two addresses as two words each, and both ports in one. Never 0, so that 0 may mean "none".
  std::uint32_t operator()(const IpAddress& local, const IpAddress& remote,
                           std::uint32_t ports) const noexcept {
    const auto l = std::bit_cast<Words>(local);
    const auto r = std::bit_cast<Words>(remote);
    std::uint64_t h = mix(r.high ^ key_a, r.low ^ key_b);
    h = mix(h ^ l.high, l.low ^ key_a);
    h = mix(h ^ ports, key_b);
    return static_cast<std::uint32_t>(h ^ (h >> 32)) | 0x8000'0000u;
  }

 private:
  struct Words {
    std::uint64_t high, low;
  };
  // The halves of a 128-bit product: every bit of both depends on every bit of the factors.
  static std::uint64_t mix(std::uint64_t a, std::uint64_t b) noexcept {
    __extension__ using Wide = unsigned __int128;
    const Wide product = Wide{a} * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64) ^ a;
  }
};

class FlowTable {
 public:
  // For up to `connections`. No memory: a table that holds nothing.
  explicit FlowTable(std::size_t connections) noexcept;

  std::size_t capacity() const noexcept { return slots_ ? (mask_ + std::size_t{1}) / 2 : 0; }

  void prefetch(std::uint32_t hash) const noexcept { __builtin_prefetch(&slots_[hash & mask_]); }
  // The first connection whose hash it is, most likely the right one; `none`: there is none.
  Index candidate(std::uint32_t hash) const noexcept {
    return find(hash, [](Index) { return true; });
  }
  // The connection with this hash that `is_it` says is meant.
  template <class IsIt>
  Index find(std::uint32_t hash, IsIt is_it) const noexcept {
    for (std::uint32_t at = hash & mask_; slots_[at].index_plus_1 != 0; at = (at + 1) & mask_)
      if (slots_[at].hash == hash && is_it(slots_[at].index_plus_1 - 1))
        return slots_[at].index_plus_1 - 1;
    return none;
  }
  // REQUIRES: fewer than capacity() are in it, and this one is not.
  void insert(std::uint32_t hash, Index connection) noexcept;
  void remove(std::uint32_t hash, Index connection) noexcept;

 private:
  struct Slot {
    std::uint32_t hash;
    std::uint32_t index_plus_1;  // 0: free
  };
  std::unique_ptr<Slot[], UnmapHugePages> slots_;
  std::uint32_t mask_;
};

}  // namespace arrakis::extaris::tcp
