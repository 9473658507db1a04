#include "bench/lib/statistics.h"

#include <gtest/gtest.h>

#include <array>

namespace arrakis::bench {
namespace {

TEST(Summarize, OddNumberOfRuns) {
  const Summary summary = summarize(std::array{5.0, 1.0, 3.0});
  EXPECT_EQ(summary.median, 3);
  EXPECT_EQ(summary.min, 1);
  EXPECT_EQ(summary.max, 5);
  EXPECT_EQ(summary.runs, 3u);
}

TEST(Summarize, EvenNumberOfRunsTakesTheMeanOfTheMiddle) {
  const Summary summary = summarize(std::array{4.0, 1.0, 100.0, 2.0});
  EXPECT_EQ(summary.median, 3);
  EXPECT_EQ(summary.max, 100);
}

TEST(Summarize, NoRuns) {
  const Summary summary = summarize({});
  EXPECT_EQ(summary.median, 0);
  EXPECT_EQ(summary.runs, 0u);
}

}  // namespace
}  // namespace arrakis::bench
