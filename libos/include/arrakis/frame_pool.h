// frame_pool.h: memory for the frames of coroutines: what one gives back the next gets, so that a
// server that has been busy once asks the heap for nothing more.
//
// Threads:  one.
// Lifetime: must outlive the frames it gave out.
#pragma once

#include <array>
#include <cstddef>

namespace arrakis {

class FramePool {
 public:
  FramePool() = default;
  FramePool(const FramePool&) = delete;
  FramePool& operator=(const FramePool&) = delete;
  ~FramePool();

  // From `pool`, or from the heap alone where there is none. Throws std::bad_alloc as `new` does.
  static void* take(std::size_t bytes, FramePool* pool);
  // Where it came from is written in front of it.
  static void give_back(void* frame) noexcept;

  std::size_t from_heap() const noexcept { return from_heap_; }  // how often it had to be asked

 private:
  struct Head;
  static constexpr std::size_t step = 64;
  static constexpr std::size_t pooled_max = 4096;  // larger ones come from the heap each time

  std::array<Head*, pooled_max / step> free_{};  // by size
  std::size_t from_heap_ = 0;
};

}  // namespace arrakis
