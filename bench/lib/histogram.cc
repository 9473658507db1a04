#include "bench/lib/histogram.h"

#include <algorithm>
#include <cmath>

namespace arrakis::bench {

std::uint64_t Histogram::value_at(double quantile) const noexcept {
  if (count_ == 0) return 0;
  const auto rank = std::max<std::uint64_t>(
      1, static_cast<std::uint64_t>(std::ceil(quantile * static_cast<double>(count_))));
  if (rank >= count_) return max_;
  std::uint64_t seen = 0;
  for (std::size_t index = 0; index < buckets; ++index) {
    seen += counts_[index];
    // The middle of an outermost bucket may lie outside of what was recorded.
    if (seen >= rank) return std::clamp(middle_of(index), min_, max_);
  }
  return max_;
}

}  // namespace arrakis::bench
