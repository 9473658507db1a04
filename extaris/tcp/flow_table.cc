#include "extaris/tcp/flow_table.h"

#include <bit>
#include <utility>

namespace arrakis::extaris::tcp {

FlowTable::FlowTable(std::size_t connections) noexcept
    : mask_{static_cast<std::uint32_t>(std::bit_ceil(2 * connections) - 1)} {
  const std::size_t bytes = (mask_ + std::size_t{1}) * sizeof(Slot);
  slots_ = {static_cast<Slot*>(map_huge_pages(bytes)), UnmapHugePages{bytes}};
}

void FlowTable::insert(std::uint32_t hash, Index connection) noexcept {
  std::uint32_t at = hash & mask_;
  while (slots_[at].index_plus_1 != 0) at = (at + 1) & mask_;
  slots_[at] = {hash, connection + 1};
}

void FlowTable::remove(std::uint32_t hash, Index connection) noexcept {
  std::uint32_t gap = hash & mask_;
  while (slots_[gap].index_plus_1 != connection + 1) {
    if (slots_[gap].index_plus_1 == 0) return;
    gap = (gap + 1) & mask_;
  }
  // Whoever may not stay behind the gap moves into it: those whose own place is at or before it.
  for (std::uint32_t at = (gap + 1) & mask_; slots_[at].index_plus_1 != 0; at = (at + 1) & mask_) {
    const std::uint32_t home = slots_[at].hash & mask_;
    if (((at - home) & mask_) >= ((at - gap) & mask_)) slots_[std::exchange(gap, at)] = slots_[at];
  }
  slots_[gap] = {};
}

}  // namespace arrakis::extaris::tcp
