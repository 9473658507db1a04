// burst.h: a few packets on their way together; what devices speak.
#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "extaris/packet/packet.h"

namespace arrakis::extaris {

// Owns up to `capacity` packets, oldest first.
class Burst {
 public:
  static constexpr std::size_t capacity = 64;

  Burst() = default;
  Burst(const Burst&) = delete;
  Burst& operator=(const Burst&) = delete;
  ~Burst() { clear(); }

  std::size_t size() const noexcept { return count_; }
  bool empty() const noexcept { return count_ == 0; }
  bool full() const noexcept { return count_ == capacity; }

  // REQUIRES: !full().
  void append(Packet packet) noexcept {
    assert(!full());
    mbufs_[count_++] = std::move(packet).release();
  }
  rte_mbuf* peek(std::size_t i) const noexcept { return mbufs_[i]; }
  // Moves the packet out; its place holds nothing afterwards.
  Packet take(std::size_t i) noexcept { return Packet{std::exchange(mbufs_[i], nullptr)}; }

  // The first `count` now belong to somebody else; the rest moves up.
  void drop_front(std::size_t count) noexcept {
    assert(count <= count_);
    for (std::size_t i = count; i < count_; ++i) mbufs_[i - count] = mbufs_[i];
    count_ -= count;
  }
  // Gives back what is left.
  void clear() noexcept {
    for (std::size_t i = 0; i < count_; ++i)
      if (mbufs_[i] != nullptr) give_back(mbufs_[i]);
    count_ = 0;
  }

  // For devices: write up to `capacity` mbufs at slots(), then say how many. REQUIRES: empty().
  rte_mbuf** slots() noexcept { return mbufs_.data(); }
  void filled(std::size_t count) noexcept { count_ = count; }

 private:
  std::size_t count_ = 0;
  std::array<rte_mbuf*, capacity> mbufs_;
};

}  // namespace arrakis::extaris
