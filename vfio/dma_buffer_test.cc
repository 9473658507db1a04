#include "vfio/dma_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "vfio/fake/fake_dma_space.h"

namespace arrakis::vfio {
namespace {

using Access = DmaSpace::Access;
constexpr Iova somewhere{0x10'0000};

TEST(DmaBuffer, IsWhatTheDeviceSees) {
  FakeDmaSpace space;
  const auto buffer = DmaBuffer::allocate(space, 5000, somewhere);
  ASSERT_TRUE(buffer);
  EXPECT_EQ(buffer->bytes().size(), 8192U);
  EXPECT_TRUE(std::ranges::all_of(buffer->bytes(), [](std::byte b) { return b == std::byte{}; }));
  const auto words = buffer->objects<std::uint32_t>(4096, 2);
  words[1] = 0x1234;
  const auto seen = space.at(somewhere + 4100, 4, Access::read);
  ASSERT_TRUE(seen);
  EXPECT_EQ(static_cast<const void*>(seen->data()), &words[1]);
}

TEST(DmaBuffer, LeavesTheSpaceOnceHoweverOftenItMoves) {
  FakeDmaSpace space;
  {
    auto first = DmaBuffer::allocate(space, 4096, somewhere);
    ASSERT_TRUE(first);
    DmaBuffer second = *std::move(first);
    auto third = DmaBuffer::allocate(space, 4096, somewhere + 4096);
    ASSERT_TRUE(third);
    second = *std::move(third);
    EXPECT_EQ(space.mappings(), 2U);  // a swap: the first lives on in `third`
  }
  EXPECT_EQ(space.mappings(), 0U);
}

TEST(DmaBuffer, ReachesNoFurther) {
  FakeDmaSpace space;
  const auto buffer = DmaBuffer::allocate(space, 4096, somewhere, Access::read);
  ASSERT_TRUE(buffer);
  EXPECT_FALSE(space.at(somewhere, 4, Access::write));
  EXPECT_FALSE(space.at(somewhere + 4094, 4, Access::read));
  EXPECT_FALSE(space.at(Iova{0}, 4, Access::read));
  EXPECT_EQ(space.faults(), 3U);
}

TEST(DmaBuffer, FailsWhereTheSpaceDoes) {
  FakeDmaSpace space;
  const auto buffer = DmaBuffer::allocate(space, 8192, somewhere);
  ASSERT_TRUE(buffer);
  EXPECT_EQ(DmaBuffer::allocate(space, 4096, somewhere + 4096).error().code, Error::Code::conflict);
  EXPECT_EQ(DmaBuffer::allocate(space, 8192, Iova{0xf'f000}).error().code, Error::Code::conflict);
  space.limit_bytes(12288);
  EXPECT_EQ(DmaBuffer::allocate(space, 8192, Iova{0x20'0000}).error().code, Error::Code::exhausted);
  EXPECT_EQ(space.mappings(), 1U);
}

}  // namespace
}  // namespace arrakis::vfio
