// index_ring.h: connections that stand in line for something, each at most once, so that as many
// places as connections are enough.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "extaris/tcp/flow_table.h"

namespace arrakis::extaris::tcp {

class IndexRing {
 public:
  explicit IndexRing(std::size_t most) noexcept
      : mask_{static_cast<std::uint32_t>(std::bit_ceil(most) - 1)},
        places_{static_cast<Index*>(std::calloc(mask_ + std::size_t{1}, sizeof(Index)))} {}

  bool has_memory() const noexcept { return places_ != nullptr; }
  std::uint32_t size() const noexcept { return tail_ - head_; }
  bool empty() const noexcept { return head_ == tail_; }
  bool full() const noexcept { return size() > mask_; }
  void push(Index i) noexcept { places_[tail_++ & mask_] = i; }
  Index pop() noexcept { return places_[head_++ & mask_]; }
  // Who comes after so many others. REQUIRES: ahead < size().
  Index peek(std::uint32_t ahead) const noexcept { return places_[(head_ + ahead) & mask_]; }

 private:
  struct Free {
    void operator()(Index* places) const noexcept { std::free(places); }
  };
  std::uint32_t mask_;
  std::unique_ptr<Index[], Free> places_;
  std::uint32_t head_ = 0;
  std::uint32_t tail_ = 0;
};

}  // namespace arrakis::extaris::tcp
