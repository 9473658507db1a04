// dma_buffer.h: memory that a device reaches, mapped as long as it lives.
//
// Lifetime: the DmaSpace outlives it; the device stops using it before it goes.
// fork:     a child does not get the pages, so that no copy-on-write can move them away from under
//           the device.
#pragma once

#include <cstddef>
#include <span>

#include "base/check.h"
#include "vfio/dma_space.h"

namespace arrakis::vfio {

class DmaBuffer {
 public:
  // At least `bytes` zeroed bytes, in whole pages.
  static Outcome<DmaBuffer> allocate(DmaSpace& space, std::size_t bytes, Iova at,
                                     DmaSpace::Access access = DmaSpace::Access::read_write);
  DmaBuffer(DmaBuffer&& other) noexcept;
  DmaBuffer& operator=(DmaBuffer&& other) noexcept;
  ~DmaBuffer();

  std::span<std::byte> bytes() const { return memory_; }
  Iova iova() const { return iova_; }

  // `count` objects of T from byte `offset` on.
  template <class T>
  std::span<T> objects(std::size_t offset, std::size_t count) const {
    ARK_CHECK(offset % alignof(T) == 0 && offset <= memory_.size() &&
              count <= (memory_.size() - offset) / sizeof(T));
    return {reinterpret_cast<T*>(memory_.data() + offset), count};
  }

 private:
  DmaBuffer(DmaSpace& space, std::span<std::byte> memory, Iova at)
      : space_{&space}, memory_{memory}, iova_{at} {}

  DmaSpace* space_;
  std::span<std::byte> memory_;
  Iova iova_;
};

}  // namespace arrakis::vfio
