#include "bench/lib/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "base/random.h"

namespace arrakis::bench {
namespace {

TEST(Histogram, EmptyIsAllZero) {
  const auto histogram = std::make_unique<Histogram>();
  EXPECT_EQ(histogram->count(), 0u);
  EXPECT_EQ(histogram->min(), 0u);
  EXPECT_EQ(histogram->max(), 0u);
  EXPECT_EQ(histogram->mean(), 0);
  EXPECT_EQ(histogram->value_at(0.5), 0u);
}

TEST(Histogram, SmallValuesAreExact) {
  const auto histogram = std::make_unique<Histogram>();
  for (std::uint64_t value = 0; value < 256; ++value) histogram->record(value);
  for (std::uint64_t value = 0; value < 256; ++value)
    EXPECT_EQ(histogram->value_at(static_cast<double>(value + 1) / 256), value);
}

// Each value alone between two that are far away: what is reported for it is its bucket's middle.
TEST(Histogram, EveryMagnitudeIsWithinOnePercent) {
  for (unsigned bit = 0; bit < 63; ++bit) {
    for (const std::uint64_t part : {0, 1, 2, 63, 64, 127}) {
      const std::uint64_t base = std::uint64_t{1} << bit;
      const std::uint64_t value = base + base / 128 * part;
      const auto histogram = std::make_unique<Histogram>();
      histogram->record(0);
      histogram->record(value);
      histogram->record(~std::uint64_t{0});
      const auto reported = static_cast<double>(histogram->value_at(0.5));
      const auto exact = static_cast<double>(value);
      EXPECT_LE(std::abs(reported - exact), exact * 0.01) << value;
    }
  }
}

TEST(Histogram, QuantilesAgreeWithSortedValues) {
  Random random{42};
  const auto histogram = std::make_unique<Histogram>();
  std::vector<std::uint64_t> values;
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t value = random.below(std::uint64_t{1} << random.below(40));
    values.push_back(value);
    histogram->record(value);
  }
  std::sort(values.begin(), values.end());
  for (const double quantile : {0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 0.99999, 1.0}) {
    const auto rank = static_cast<std::size_t>(std::ceil(quantile * 100'000)) - 1;
    const auto exact = static_cast<double>(values[rank]);
    EXPECT_LE(std::abs(static_cast<double>(histogram->value_at(quantile)) - exact), exact * 0.01)
        << quantile;
  }
  EXPECT_EQ(histogram->count(), values.size());
  EXPECT_EQ(histogram->min(), values.front());
  EXPECT_EQ(histogram->max(), values.back());
}

TEST(Histogram, OutermostQuantilesNeverLeaveWhatWasSeen) {
  const auto histogram = std::make_unique<Histogram>();
  histogram->record(1'000'001);
  EXPECT_EQ(histogram->value_at(0), 1'000'001u);
  EXPECT_EQ(histogram->value_at(0.5), 1'000'001u);
  EXPECT_EQ(histogram->value_at(1), 1'000'001u);
  histogram->clear();
  EXPECT_EQ(histogram->count(), 0u);
  EXPECT_EQ(histogram->value_at(1), 0u);
}

}  // namespace
}  // namespace arrakis::bench
