#include "bench/lib/progress.h"

#include <gtest/gtest.h>

namespace arrakis::bench {
namespace {

TEST(ProgressBar, HasOneWidth) {
  EXPECT_EQ(progress_bar(0, "x"), "[..............................]   0 %  x");
  EXPECT_EQ(progress_bar(0.5, "x"), "[###############...............]  50 %  x");
  EXPECT_EQ(progress_bar(1, "x"), "[##############################] 100 %  x");
}

}  // namespace
}  // namespace arrakis::bench
