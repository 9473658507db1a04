#include "vfio/iova_allocator.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace arrakis::vfio {

std::optional<Iova> IovaAllocator::take(std::size_t bytes, std::size_t alignment_bytes) {
  ARK_CHECK(std::has_single_bit(alignment_bytes) && alignment_bytes >= page_bytes);
  const std::uint64_t size = (bytes + page_bytes - 1) / page_bytes * page_bytes;
  if (size == 0 || size < bytes) return std::nullopt;
  for (IovaRange& range : ranges_) {
    const std::uint64_t lowest = std::max<std::uint64_t>(bits(range.first), page_bytes);
    const std::uint64_t first = (lowest + alignment_bytes - 1) & ~(alignment_bytes - 1);
    if (first < lowest || first > bits(range.last)) continue;
    if (bits(range.last) - first < size - 1) continue;
    if (bits(range.last) - first == size - 1) {
      std::erase(ranges_, IovaRange{range});
    } else {
      range.first = Iova{first + size};
    }
    return Iova{first};
  }
  return std::nullopt;
}

}  // namespace arrakis::vfio
