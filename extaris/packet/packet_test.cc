#include "extaris/packet/packet.h"

#include <gtest/gtest.h>

#include <vector>

#include "extaris/packet/burst.h"
#include "extaris/packet/bytes.h"
#include "extaris/packet/eal.h"
#include "extaris/packet/pool.h"

namespace arrakis::extaris {
namespace {

class PacketTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(start_eal()); }
  PacketPool pool_ = *PacketPool::create({.packets = 16, .buffer_bytes = 2048});
};

TEST_F(PacketTest, GoesBackToItsPoolWhenDropped) {
  const std::size_t before = pool_.available();
  {
    const Packet packet = pool_.allocate();
    EXPECT_EQ(pool_.available(), before - 1);
  }
  EXPECT_EQ(pool_.available(), before);
}

TEST_F(PacketTest, MovesWithoutLeaking) {
  Packet a = pool_.allocate();
  Packet b = std::move(a);
  EXPECT_FALSE(a);  // NOLINT(bugprone-use-after-move): the moved-from state is what is tested
  b = pool_.allocate();
  EXPECT_EQ(pool_.available(), pool_.capacity() - 1);
  auto& self = b;
  b = std::move(self);
  EXPECT_TRUE(b);
}

TEST_F(PacketTest, AllocatesNothingWhenThePoolIsUsedUp) {
  std::vector<Packet> all;
  while (Packet packet = pool_.allocate()) all.push_back(std::move(packet));
  EXPECT_EQ(all.size(), pool_.capacity());
  EXPECT_FALSE(pool_.allocate());
}

TEST_F(PacketTest, PullsAndPushesItsFront) {
  Packet packet = pool_.allocate();
  EXPECT_EQ(size(packet), 0u);
  EXPECT_EQ(headroom(packet), 128u);
  resize(packet, 100);
  bytes(packet)[20] = std::byte{7};
  pull_front(packet, 20);
  EXPECT_EQ(size(packet), 80u);
  EXPECT_EQ(bytes(packet)[0], std::byte{7});
  push_front(packet, 20);
  EXPECT_EQ(size(packet), 100u);
}

TEST_F(PacketTest, BurstGivesBackWhatIsLeft) {
  {
    Burst burst;
    for (int i = 0; i < 5; ++i) burst.append(pool_.allocate());
    burst.drop_front(0);
    const Packet taken = burst.take(0);
    EXPECT_EQ(pool_.available(), pool_.capacity() - 5);
  }
  EXPECT_EQ(pool_.available(), pool_.capacity());
}

TEST_F(PacketTest, PoolOverForeignMemoryUsesItInOrder) {
  std::vector<std::byte> memory(std::size_t{8} * 2048);
  auto pool = PacketPool::create_over(memory, {.packets = 8, .buffer_bytes = 2048});
  ASSERT_TRUE(pool);
  Packet packet = pool->allocate();
  resize(packet, 1);
  const auto* first = bytes(packet).data();
  EXPECT_GE(first, memory.data());
  EXPECT_LT(first, memory.data() + memory.size());
  EXPECT_FALSE(PacketPool::create_over(std::span{memory}.first(2048), {.packets = 8}));
}

}  // namespace
}  // namespace arrakis::extaris
