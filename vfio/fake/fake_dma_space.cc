#include "vfio/fake/fake_dma_space.h"

#include <algorithm>
#include <cerrno>

#include "base/check.h"
#include "vfio/iova_allocator.h"
#include "vfio/sysfs.h"

namespace arrakis::vfio {
namespace {

bool covers(IovaRange range, Iova first, std::size_t bytes) {
  return first >= range.first && first <= range.last && bits(range.last) - bits(first) >= bytes - 1;
}

}  // namespace

bool FakeDmaSpace::is_free(Iova first, std::size_t bytes) const {
  const auto next = mappings_.lower_bound(first);
  if (next != mappings_.end() && bits(next->first) - bits(first) < bytes) return false;
  if (next == mappings_.begin()) return true;
  const auto& [below, mapping] = *std::prev(next);
  return bits(first) - bits(below) >= mapping.memory.size();
}

Outcome<void> FakeDmaSpace::map(std::span<std::byte> memory, Iova at, Access access) {
  constexpr std::size_t page = IovaAllocator::page_bytes;
  if (memory.empty() || memory.size() % page != 0 || bits(at) % page != 0)
    return failed(EINVAL, "map");
  if (std::ranges::none_of(ranges_,
                           [&](IovaRange range) { return covers(range, at, memory.size()); }))
    return failed(EINVAL, "map");
  if (!is_free(at, memory.size())) return failed(EBUSY, "map");
  if (memory.size() > limit_bytes_ - mapped_bytes_) return failed(ENOMEM, "map");
  mappings_.emplace(at, Mapping{memory, access});
  mapped_bytes_ += memory.size();
  return {};
}

void FakeDmaSpace::unmap(Iova at, std::size_t bytes) noexcept {
  const auto found = mappings_.find(at);
  ARK_CHECK(found != mappings_.end() && found->second.memory.size() == bytes);
  mapped_bytes_ -= bytes;
  mappings_.erase(found);
}

std::optional<std::span<std::byte>> FakeDmaSpace::at(Iova at, std::size_t bytes, Access access) {
  const auto above = mappings_.upper_bound(at);
  if (above != mappings_.begin()) {
    const auto& [first, mapping] = *std::prev(above);
    const std::uint64_t offset = bits(at) - bits(first);
    const bool is_allowed = mapping.access == Access::read_write || mapping.access == access;
    if (is_allowed && offset < mapping.memory.size() && bytes <= mapping.memory.size() - offset)
      return mapping.memory.subspan(offset, bytes);
  }
  ++faults_;
  return std::nullopt;
}

}  // namespace arrakis::vfio
