#include "vfio/iova_allocator.h"

#include <gtest/gtest.h>

namespace arrakis::vfio {
namespace {

constexpr std::size_t page = IovaAllocator::page_bytes;

IovaRange range(std::uint64_t first, std::uint64_t last) { return {Iova{first}, Iova{last}}; }

TEST(IovaAllocator, GivesWholePagesAndNeverZero) {
  IovaAllocator space{{range(0, 0xffff)}};
  EXPECT_EQ(space.take(1), Iova{0x1000});
  EXPECT_EQ(space.take(page + 1), Iova{0x2000});
  EXPECT_EQ(space.take(page), Iova{0x4000});
}

TEST(IovaAllocator, Aligns) {
  IovaAllocator space{{range(0, 0xffff'ffff)}};
  EXPECT_EQ(space.take(page), Iova{0x1000});
  EXPECT_EQ(space.take(page, 0x20'0000), Iova{0x20'0000});
}

TEST(IovaAllocator, StepsOverWhatTheMachineKeeps) {
  // As VT-d has it: the window of interrupts at 0xfee00000 belongs to nobody.
  IovaAllocator space{{range(0xfedf'e000, 0xfedf'ffff), range(0xfef0'0000, 0xffff'ffff)}};
  EXPECT_EQ(space.take(2 * page), Iova{0xfedf'e000});
  EXPECT_EQ(space.take(page), Iova{0xfef0'0000});
}

TEST(IovaAllocator, EndsWhereTheSpaceDoes) {
  IovaAllocator space{{range(0x1000, 0x2fff)}};
  EXPECT_EQ(space.take(3 * page), std::nullopt);
  EXPECT_EQ(space.take(0), std::nullopt);
  EXPECT_EQ(space.take(SIZE_MAX), std::nullopt);
  EXPECT_TRUE(space.take(2 * page));
  EXPECT_EQ(space.take(1), std::nullopt);
  IovaAllocator top{{range(UINT64_MAX - page + 1, UINT64_MAX)}};
  EXPECT_EQ(top.take(page, 1 << 16), std::nullopt);
  EXPECT_EQ(top.take(page), Iova{UINT64_MAX - page + 1});
}

}  // namespace
}  // namespace arrakis::vfio
