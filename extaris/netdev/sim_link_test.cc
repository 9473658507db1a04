#include "extaris/netdev/sim_link.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>
#include <vector>

#include "extaris/packet/bytes.h"
#include "extaris/packet/eal.h"

namespace arrakis::extaris {
namespace {

constexpr Instant start{1'000'000};
constexpr Instant far_future{3'600'000'000'000};

class SimLinkTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(start_eal()); }

  Packet frame(std::uint32_t number, std::size_t frame_bytes = 60) {
    Packet packet = pool_.allocate();
    resize(packet, frame_bytes);
    std::memset(bytes(packet).data(), 0, frame_bytes);
    std::memcpy(bytes(packet).data(), &number, sizeof(number));
    return packet;
  }
  static std::uint32_t number_of(const Packet& packet) {
    std::uint32_t number = 0;
    std::memcpy(&number, bytes(packet).data(), sizeof(number));
    return number;
  }
  // Sends frames `first` to `first + count - 1` one at a time and returns how many were taken.
  std::size_t send(NetDevice& device, std::uint32_t first, std::uint32_t count) {
    std::size_t taken = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
      Burst burst;
      burst.append(frame(first + i));
      device.transmit(burst);
      taken += burst.empty() ? 1 : 0;
    }
    return taken;
  }
  static std::vector<std::uint32_t> receive_all(NetDevice& device) {
    std::vector<std::uint32_t> numbers;
    while (true) {
      Burst burst;
      device.receive(burst);
      if (burst.empty()) return numbers;
      for (std::size_t i = 0; i < burst.size(); ++i) numbers.push_back(number_of(burst.take(i)));
    }
  }

  PacketPool pool_ = *PacketPool::create({.packets = 4096, .buffer_bytes = 2048});
};

TEST_F(SimLinkTest, WithoutFaultsEveryFrameArrivesOnceInOrder) {
  SimLink link{pool_, {}, 1};
  link.advance(start);
  EXPECT_EQ(send(link.end(0), 0, 200), 200u);
  EXPECT_EQ(send(link.end(1), 500, 3), 3u);
  const auto there = receive_all(link.end(1));
  ASSERT_EQ(there.size(), 200u);
  for (std::uint32_t i = 0; i < 200; ++i) EXPECT_EQ(there[i], i);
  EXPECT_EQ(receive_all(link.end(0)), (std::vector<std::uint32_t>{500, 501, 502}));
  EXPECT_EQ(pool_.available(), pool_.capacity());
}

TEST_F(SimLinkTest, AFrameArrivesWhenItIsDueAndNotBefore) {
  SimLink link{pool_, {.delay = Duration::microseconds(50)}, 1};
  link.advance(start);
  EXPECT_FALSE(link.next_event());
  send(link.end(0), 7, 1);
  const Instant due = start + Duration::microseconds(50);
  EXPECT_EQ(link.next_event(), due);
  link.advance(due - Duration{1});
  EXPECT_TRUE(receive_all(link.end(1)).empty());
  link.advance(due);
  EXPECT_EQ(receive_all(link.end(1)), std::vector<std::uint32_t>{7});
  EXPECT_FALSE(link.next_event());
}

TEST_F(SimLinkTest, JitterDelaysButDoesNotReorder) {
  SimLink link{
      pool_, {.delay = Duration::microseconds(10), .jitter = Duration::microseconds(90)}, 3};
  link.advance(start);
  send(link.end(0), 0, 300);
  link.advance(start + Duration::microseconds(100));
  const auto there = receive_all(link.end(1));
  ASSERT_EQ(there.size(), 300u);
  for (std::uint32_t i = 0; i < 300; ++i) EXPECT_EQ(there[i], i);
}

TEST_F(SimLinkTest, FaultsStrikeAboutAsOftenAsAsked) {
  SimLink link{pool_, {.loss = 10, .duplicate = 20, .corrupt = 5}, 42};
  link.advance(start);
  std::uint64_t received = 0;
  constexpr std::uint32_t rounds = 100, each = 200;
  for (std::uint32_t i = 0; i < rounds; ++i) {
    send(link.end(0), 0, each);
    received += receive_all(link.end(1)).size();
  }
  const SimCounters& n = link.counters();
  const double sent = rounds * each;
  EXPECT_EQ(n.taken, rounds * each);
  EXPECT_NEAR(static_cast<double>(n.lost), sent / 10, sent / 100);
  EXPECT_NEAR(static_cast<double>(n.duplicated), sent * 0.9 / 20, sent / 100);
  EXPECT_NEAR(static_cast<double>(n.corrupted), sent * 0.945 / 5, sent / 50);
  EXPECT_EQ(received, n.taken - n.lost + n.duplicated);
  EXPECT_EQ(received, n.delivered);
  EXPECT_EQ(pool_.available(), pool_.capacity());
}

TEST_F(SimLinkTest, CorruptionFlipsExactlyOneBit) {
  SimLink link{pool_, {.corrupt = 1}, 9};
  link.advance(start);
  for (int round = 0; round < 50; ++round) {
    send(link.end(0), 0, 1);  // all zero
    Burst burst;
    link.end(1).receive(burst);
    ASSERT_EQ(burst.size(), 1u);
    const Packet packet = burst.take(0);
    int ones = 0;
    for (const std::byte b : bytes(packet)) ones += std::popcount(std::to_integer<unsigned>(b));
    EXPECT_EQ(ones, 1);
  }
}

TEST_F(SimLinkTest, ReorderedFramesAreOvertakenAndNoneIsLost) {
  SimLink link{pool_, {.reorder = 4, .delay = Duration::microseconds(5)}, 5};
  link.advance(start);
  send(link.end(0), 0, 400);
  link.advance(far_future);
  const auto there = receive_all(link.end(1));
  ASSERT_EQ(there.size(), 400u);
  EXPECT_FALSE(std::ranges::is_sorted(there));
  std::map<std::uint32_t, int> seen;
  for (const std::uint32_t n : there) ++seen[n];
  EXPECT_EQ(seen.size(), 400u);
}

TEST_F(SimLinkTest, TheSameSeedDoesTheSame) {
  const SimFaults all{.loss = 7,
                      .duplicate = 7,
                      .corrupt = 7,
                      .reorder = 7,
                      .delay = Duration::microseconds(3),
                      .jitter = Duration::microseconds(9)};
  const auto run = [&](std::uint64_t seed) {
    SimLink link{pool_, all, seed};
    link.advance(start);
    std::vector<std::uint32_t> got;
    for (std::uint32_t i = 0; i < 300; ++i) {
      send(link.end(0), i, 1);
      link.advance(start + Duration::microseconds(i));
      for (const std::uint32_t n : receive_all(link.end(1))) got.push_back(n);
    }
    return got;
  };
  EXPECT_EQ(run(1), run(1));
  EXPECT_NE(run(1), run(2));
}

TEST_F(SimLinkTest, FramesInFlightAreBoundedAndThenNothingIsTaken) {
  SimLink link{pool_, {.delay = Duration::seconds(1)}, 1, {.in_flight_max = 8}};
  link.advance(start);
  EXPECT_EQ(send(link.end(0), 0, 20), 8u);
  Burst burst;
  burst.append(frame(99));
  link.end(0).transmit(burst);
  ASSERT_EQ(burst.size(), 1u);
  EXPECT_EQ(number_of(burst.take(0)), 99u);
}

TEST_F(SimLinkTest, FramesLongerThanTheMtuAreDropped) {
  SimLink link{pool_, {}, 1, {.mtu_bytes = 1280}};
  link.advance(start);
  EXPECT_EQ(link.end(0).info().mtu_bytes, 1280);
  Burst burst;
  burst.append(frame(1, 1280 + 14));
  burst.append(frame(2, 1280 + 15));
  link.end(0).transmit(burst);
  EXPECT_TRUE(burst.empty());
  EXPECT_EQ(receive_all(link.end(1)), std::vector<std::uint32_t>{1});
  EXPECT_EQ(link.counters().oversized, 1u);
}

TEST_F(SimLinkTest, APausedEndTakesNothingUntilThePauseEnds) {
  SimLink link{pool_, {}, 1};
  link.advance(start);
  const Instant until = start + Duration::milliseconds(2);
  link.pause(0, until);
  EXPECT_EQ(link.next_event(), until);
  EXPECT_EQ(send(link.end(0), 0, 1), 0u);
  EXPECT_EQ(send(link.end(1), 0, 1), 1u);
  link.advance(until);
  EXPECT_EQ(send(link.end(0), 0, 1), 1u);
}

TEST_F(SimLinkTest, AnEmptyPoolIsACounter) {
  SimLink link{pool_, {}, 1};
  link.advance(start);
  Burst burst;
  burst.append(frame(1));
  std::vector<Packet> hoard;
  while (Packet packet = pool_.allocate()) hoard.push_back(std::move(packet));
  link.end(0).transmit(burst);
  EXPECT_TRUE(burst.empty());
  EXPECT_EQ(link.counters().no_buffer, 1u);
}

}  // namespace
}  // namespace arrakis::extaris
