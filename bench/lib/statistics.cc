#include "bench/lib/statistics.h"

#include <algorithm>
#include <vector>

namespace arrakis::bench {

Summary summarize(std::span<const double> runs) {
  if (runs.empty()) return {};
  std::vector<double> sorted(runs.begin(), runs.end());
  std::sort(sorted.begin(), sorted.end());
  const std::size_t middle = sorted.size() / 2;
  const double median =
      sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return {median, sorted.front(), sorted.back(), sorted.size()};
}

}  // namespace arrakis::bench
