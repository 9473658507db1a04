// Two stacks in one process, over a cable without faults.
#include "extaris/stack/stack.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "extaris/netdev/sim_link.h"
#include "extaris/packet/eal.h"

namespace arrakis::extaris {
namespace {

StackConfig host(const char* v4, const char* v6, std::uint64_t seed) {
  return {.addresses = {*IpPrefix::parse(v4), *IpPrefix::parse(v6)},
          .routes = {},
          .neighbors = {},
          .seed = seed};
}

std::vector<std::byte> pattern(std::size_t count) {
  std::vector<std::byte> bytes(count);
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<std::byte>(i * 31);
  return bytes;
}

class StackTest : public testing::TestWithParam<Checksum> {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(start_eal()); }

  void run(Duration span = Duration::milliseconds(10)) {
    const Instant end = now_ + span;
    for (; now_ < end; now_ = now_ + Duration::microseconds(100)) {
      link_.advance(now_);
      client_.poll(now_);
      server_.poll(now_);
    }
  }

  PacketPool pool_ = *PacketPool::create({.packets = 1024});
  SimLink link_{pool_, {}, 1, {.receive_checksum = GetParam(), .transmit_checksum = GetParam()}};
  Stack client_{link_.end(0), host("10.0.0.1/24", "fd00::1/64", 1)};
  Stack server_{link_.end(1), host("10.0.0.2/24", "fd00::2/64", 2)};
  Instant now_{};
};

TEST_P(StackTest, EchoesEverySizeOverBothFamilies) {
  auto socket = client_.bind_udp({});
  auto echo = server_.bind_udp({{}, 7});
  ASSERT_TRUE(socket && echo);
  for (const char* address : {"10.0.0.2", "fd00::2", "fe80::ff:fe00:2"}) {
    const Endpoint target{*IpAddress::parse(address), 7};
    for (const std::size_t size :
         std::initializer_list<std::size_t>{0, 1, 100, 1'452, 1'453, 1'472, 1'473, 9'000, 65'487}) {
      ASSERT_TRUE(socket->send(pattern(size), target));
      run();
      Datagram request = echo->receive();
      ASSERT_TRUE(request) << address << " " << size;
      EXPECT_EQ(request.target(), target);
      EXPECT_EQ(request.source().port, socket->local().port);
      ASSERT_TRUE(echo->reply(std::move(request)));
      run();
      const Datagram answer = socket->receive();
      ASSERT_TRUE(answer) << address << " " << size;
      EXPECT_EQ(answer.source(), target);
      EXPECT_TRUE(std::ranges::equal(answer.payload(), pattern(size)));
    }
  }
  for (const Stack* stack : {&client_, &server_})
    for (const std::uint64_t drops : stack->counters().drops) EXPECT_EQ(drops, 0u);
}

TEST_P(StackTest, AClosedPortIsRefused) {
  auto socket = client_.bind_udp({});
  for (const char* address : {"10.0.0.2", "fd00::2"}) {
    ASSERT_TRUE(socket->send(pattern(10), {*IpAddress::parse(address), 9}));
    run();
    EXPECT_EQ(socket->take_error(), SocketError::port_unreachable) << address;
  }
}

TEST_P(StackTest, ANeighborThatIsNotThereIsUnreachable) {
  auto socket = client_.bind_udp({});
  ASSERT_TRUE(socket->send(pattern(10), *Endpoint::parse("10.0.0.3:9")));
  ASSERT_TRUE(socket->send(pattern(10), *Endpoint::parse("[fd00::3]:9")));
  run(Duration::seconds(4));
  EXPECT_EQ(socket->take_error(), SocketError::host_unreachable);
  EXPECT_EQ(socket->take_error(), SocketError::host_unreachable);
  EXPECT_EQ(client_.counters().dropped(Drop::no_neighbor), 2u);
  EXPECT_FALSE(client_.next_deadline());
}

TEST_P(StackTest, NeighborsAreCheckedWhileTheyAreUsed) {
  auto socket = client_.bind_udp({});
  auto echo = server_.bind_udp({{}, 7});
  int arrived = 0;
  for (int second = 0; second < 120; second += 3) {
    ASSERT_TRUE(socket->send(pattern(10), *Endpoint::parse("10.0.0.2:7")));
    run(Duration::seconds(3));
    while (echo->receive()) ++arrived;
  }
  EXPECT_EQ(arrived, 40);
}

TEST_P(StackTest, BroadcastsReachOpenSocketsAndAreAnsweredFromOurAddress) {
  auto socket = client_.bind_udp({});
  auto echo = server_.bind_udp({{}, 7});
  ASSERT_TRUE(socket->send(pattern(10), *Endpoint::parse("10.0.0.255:7")));
  run();
  Datagram request = echo->receive();
  ASSERT_TRUE(request);
  ASSERT_TRUE(echo->reply(std::move(request)));
  run();
  const Datagram answer = socket->receive();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer.source(), *Endpoint::parse("10.0.0.2:7"));
}

INSTANTIATE_TEST_SUITE_P(Checksums, StackTest,
                         testing::Values(Checksum::software, Checksum::unneeded),
                         [](const auto& mode) {
                           return mode.param == Checksum::software ? "Software" : "Unneeded";
                         });

}  // namespace
}  // namespace arrakis::extaris
