// packet_ring.h: a bounded queue of packets, oldest first.
//
// Ownership: owns what is in it.  Threads: one at a time.  Memory: taken when it is made.
#pragma once

#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

#include "extaris/packet/packet.h"

namespace arrakis::extaris {

class PacketRing {
 public:
  PacketRing() = default;  // no room at all
  // A power of two. No memory: a ring without room.
  explicit PacketRing(std::uint32_t capacity) noexcept
      : slots_{new(std::nothrow) rte_mbuf*[capacity]}, capacity_{slots_ ? capacity : 0} {
    assert(std::has_single_bit(capacity));
  }
  PacketRing(const PacketRing&) = delete;
  PacketRing& operator=(const PacketRing&) = delete;
  ~PacketRing() { clear(); }

  void swap(PacketRing& other) noexcept {
    std::swap(slots_, other.slots_);
    std::swap(capacity_, other.capacity_);
    std::swap(head_, other.head_);
    std::swap(tail_, other.tail_);
  }

  std::uint32_t capacity() const noexcept { return capacity_; }
  std::uint32_t size() const noexcept { return tail_ - head_; }
  bool empty() const noexcept { return head_ == tail_; }
  bool full() const noexcept { return size() == capacity_; }

  // REQUIRES: !full().
  void push(Packet&& packet) noexcept {
    assert(!full());
    slots_[tail_++ & (capacity_ - 1)] = std::move(packet).release();
  }
  // REQUIRES: !empty().
  Packet pop() noexcept {
    assert(!empty());
    return Packet{slots_[head_++ & (capacity_ - 1)]};
  }
  void clear() noexcept {
    while (!empty()) pop();
  }

 private:
  std::unique_ptr<rte_mbuf*[]> slots_;
  std::uint32_t capacity_ = 0;
  std::uint32_t head_ = 0;  // both run free; their difference is the size
  std::uint32_t tail_ = 0;
};

}  // namespace arrakis::extaris
