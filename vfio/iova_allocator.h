// iova_allocator.h: which device addresses are still free, of those that the IOMMU can translate.
//
// Upwards only, and nothing is given back: a driver takes what it needs when it starts. Address 0
// is never given out: many devices take it for none.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "vfio/iova.h"

namespace arrakis::vfio {

class IovaAllocator {
 public:
  // Of DmaSpace::ranges().
  explicit IovaAllocator(std::vector<IovaRange> ranges) : ranges_{std::move(ranges)} {}

  // Whole pages for `bytes`, from a multiple of `alignment_bytes` (a power of two, at least a page)
  // on. Nothing: there is no such room left.
  std::optional<Iova> take(std::size_t bytes, std::size_t alignment_bytes = page_bytes);

  static constexpr std::size_t page_bytes = 4096;  // the IOMMU's smallest

 private:
  std::vector<IovaRange> ranges_;  // what is left of them
};

}  // namespace arrakis::vfio
