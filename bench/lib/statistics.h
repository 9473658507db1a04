// statistics.h: several runs of one measurement as a median with its spread.
#pragma once

#include <cstddef>
#include <span>

namespace arrakis::bench {

struct Summary {
  double median = 0, min = 0, max = 0;
  std::size_t runs = 0;
};

// The median of an even number of runs is the mean of the two in the middle. No runs: all zero.
Summary summarize(std::span<const double> runs);

}  // namespace arrakis::bench
