#include "base/random.h"

#include <gtest/gtest.h>

#include <array>

namespace arrakis {
namespace {

// First outputs of SplitMix64 for seed 1234567, as its reference implementation gives them.
TEST(Random, is_splitmix64) {
  Random random{1234567};
  EXPECT_EQ(random.next(), 6457827717110365317u);
  EXPECT_EQ(random.next(), 3203168211198807973u);
  EXPECT_EQ(random.next(), 9817491932198370423u);
}

TEST(Random, below_reaches_every_value_and_no_more) {
  Random random{1};
  std::array<int, 6> seen{};
  for (int i = 0; i < 6000; ++i) {
    const std::uint64_t value = random.below(seen.size());
    ASSERT_LT(value, seen.size());
    ++seen[value];
  }
  for (const int count : seen) EXPECT_NEAR(count, 1000, 150);
}

TEST(Random, once_in_zero_is_never) {
  Random random{1};
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(random.once_in(0));
  EXPECT_TRUE(random.once_in(1));
}

}  // namespace
}  // namespace arrakis
