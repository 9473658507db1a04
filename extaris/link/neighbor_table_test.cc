#include "extaris/link/neighbor_table.h"

#include <gtest/gtest.h>

#include <utility>

#include "extaris/packet/eal.h"
#include "extaris/packet/pool.h"

namespace arrakis::extaris {
namespace {

const IpAddress router = *IpAddress::parse("10.0.0.254");
const MacAddress mac_a = *MacAddress::parse("02:00:00:00:00:0a");
const MacAddress mac_b = *MacAddress::parse("02:00:00:00:00:0b");
constexpr Instant start{};

class NeighborTableTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(start_eal()); }

  // How often is asked until nothing is due before `end`.
  int questions_until(Instant end) {
    int count = 0;
    while (table_.next_deadline() && *table_.next_deadline() <= end) {
      const Instant due = *table_.next_deadline();
      while (table_.expire(due, failed_)) ++count;
    }
    return count;
  }

  PacketPool pool_ = *PacketPool::create({.packets = 512});
  Counters counters_;
  NeighborTable table_{{}, counters_};
  Burst failed_;
};

TEST_F(NeighborTableTest, PacketsWaitForTheAnswer) {
  EXPECT_FALSE(table_.use(router, start));
  EXPECT_TRUE(table_.wait(router, pool_.allocate(), start));
  EXPECT_FALSE(table_.wait(router, pool_.allocate(), start));  // already asked
  EXPECT_TRUE(table_.learn(router, {.mac = mac_a, .solicited = true}, start));
  EXPECT_TRUE(table_.next_waiting(router));
  EXPECT_TRUE(table_.next_waiting(router));
  EXPECT_FALSE(table_.next_waiting(router));
  EXPECT_EQ(table_.use(router, start)->mac, mac_a);
}

TEST_F(NeighborTableTest, NobodyAnswersThreeQuestions) {
  table_.wait(router, pool_.allocate(), start);
  EXPECT_EQ(questions_until(start + Duration::seconds(60)), 2);  // the caller asked the first
  EXPECT_EQ(failed_.size(), 1u);
  EXPECT_EQ(counters_.dropped(Drop::no_neighbor), 1u);
  EXPECT_TRUE(table_.wait(router, pool_.allocate(), start));  // forgotten: asks anew
}

TEST_F(NeighborTableTest, AReachableOneIsCheckedAfterAWhileAndLostWhenSilent) {
  table_.wait(router, pool_.allocate(), start);
  table_.learn(router, {.mac = mac_a, .solicited = true}, start);
  const Instant later = start + limits::neighbor_reachable + Duration{1};
  EXPECT_EQ(questions_until(later), 0);
  const auto usable = table_.use(router, later);
  ASSERT_TRUE(usable);  // still used while it is checked
  EXPECT_EQ(usable->until, later + Duration::seconds(5));
  const auto generation = table_.generation();
  const auto question = table_.expire(later + Duration::seconds(5), failed_);
  ASSERT_TRUE(question);
  EXPECT_EQ(question->mac, mac_a);  // asked alone
  EXPECT_EQ(questions_until(later + Duration::seconds(60)), 2);
  EXPECT_FALSE(table_.use(router, later + Duration::seconds(60)));
  EXPECT_NE(table_.generation(), generation);
}

TEST_F(NeighborTableTest, ConfirmedOneIsReachableAgain) {
  table_.wait(router, pool_.allocate(), start);
  table_.learn(router, {.mac = mac_a, .solicited = true}, start);
  const Instant later = start + limits::neighbor_reachable + Duration{1};
  table_.use(router, later);
  table_.confirm(router, later);
  EXPECT_EQ(table_.use(router, later)->until, later + limits::neighbor_reachable);
}

TEST_F(NeighborTableTest, StrangersAreNotLearned) {
  EXPECT_FALSE(table_.learn(router, {.mac = mac_a}, start));
  EXPECT_FALSE(table_.use(router, start));
  table_.learn(router, {.mac = mac_a, .create = true}, start);
  EXPECT_EQ(table_.use(router, start)->mac, mac_a);
  table_.learn(router, {.mac = MacAddress::broadcast()}, start);  // nobody's address
  EXPECT_EQ(table_.use(router, start)->mac, mac_a);
}

TEST_F(NeighborTableTest, WhoMayChangeAnAddress) {
  table_.learn(router, {.mac = mac_a, .create = true}, start);
  const auto generation = table_.generation();
  table_.learn(router, {.mac = mac_b, .override = false}, start);
  EXPECT_EQ(table_.use(router, start)->mac, mac_a);
  table_.learn(router, {.mac = mac_b}, start);
  EXPECT_EQ(table_.use(router, start)->mac, mac_b);
  EXPECT_NE(table_.generation(), generation);
}

TEST_F(NeighborTableTest, FixedOnesNeverChange) {
  NeighborTable table{{{router, mac_a}}, counters_};
  table.learn(router, {.mac = mac_b, .solicited = true}, start);
  EXPECT_EQ(table.use(router, start + Duration::seconds(100'000))->mac, mac_a);
  EXPECT_FALSE(table.next_deadline());
}

TEST_F(NeighborTableTest, QueuesAreBounded) {
  for (std::size_t i = 0; i < limits::neighbor_queue_packets + 10; ++i)
    table_.wait(router, pool_.allocate(), start);
  EXPECT_EQ(counters_.dropped(Drop::neighbor_queue_full), 10u);
  EXPECT_EQ(pool_.capacity() - pool_.available(), limits::neighbor_queue_packets);
  for (std::uint32_t i = 0; i < limits::neighbor_waiting_packets; ++i)
    table_.wait(Ipv4Address::from_host(0x0a00'0001 + i), pool_.allocate(), start);
  EXPECT_EQ(pool_.capacity() - pool_.available(), limits::neighbor_waiting_packets);
}

TEST_F(NeighborTableTest, AFullTableForgetsWhomNobodyWaitsFor) {
  table_.wait(router, pool_.allocate(), start);
  for (std::uint32_t i = 0; i < 3 * limits::neighbors_max; ++i)
    table_.learn(Ipv4Address::from_host(0x0a01'0000 + i), {.mac = mac_a, .create = true}, start);
  EXPECT_TRUE(
      table_.use(Ipv4Address::from_host(0x0a01'0000 + 3 * limits::neighbors_max - 1), start));
  EXPECT_FALSE(table_.use(Ipv4Address::from_host(0x0a01'0000), start));
  EXPECT_TRUE(table_.learn(router, {.mac = mac_b, .solicited = true}, start));
}

}  // namespace
}  // namespace arrakis::extaris
