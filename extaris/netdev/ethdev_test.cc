#include "extaris/netdev/ethdev.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <rte_dev.h>
#include <rte_ethdev.h>

#include <array>
#include <cstring>
#include <utility>

#include "extaris/netdev/frame_echo.h"
#include "extaris/packet/bytes.h"
#include "extaris/packet/eal.h"

namespace arrakis::extaris {
namespace {

// DPDK's ring driver gives back on a queue what was sent on it: a port without any hardware.
class EthPortTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(start_eal()); }
  void SetUp() override {
    ASSERT_EQ(rte_eal_hotplug_add("vdev", "net_ring0", ""), 0);
    ASSERT_EQ(rte_eth_dev_get_port_by_name("net_ring0", &id_), 0);
  }
  void TearDown() override { rte_eal_hotplug_remove("vdev", "net_ring0"); }

  static Packet frame(PacketPool& pool, unsigned char fill) {
    Packet packet = pool.allocate();
    resize(packet, 64);
    std::memset(bytes(packet).data(), fill, 64);
    return packet;
  }

  std::uint16_t id_ = 0;
  const EthPort::Options small_{.pool = {.packets = 1023, .buffer_bytes = 2048}};
};

TEST_F(EthPortTest, CarriesABurst) {
  auto port = EthPort::open(id_, small_);
  ASSERT_TRUE(port) << port.error().message;
  EthQueue& queue = (*port)->queue(0);
  {
    Burst burst;
    for (unsigned char i = 0; i < 3; ++i) burst.append(frame(queue.pool(), i));
    queue.transmit(burst);
    EXPECT_TRUE(burst.empty());
    queue.receive(burst);
    ASSERT_EQ(burst.size(), 3u);
    for (unsigned char i = 0; i < 3; ++i) EXPECT_EQ(bytes(burst.take(i))[0], std::byte{i});
    burst.clear();
    queue.receive(burst);
    EXPECT_TRUE(burst.empty());
  }
  EXPECT_EQ(queue.pool().available(), queue.pool().capacity());
}

TEST_F(EthPortTest, MissingOffloadsAreSaidAndNotFatal) {
  auto port = EthPort::open(id_, small_);
  ASSERT_TRUE(port);
  const DeviceInfo& info = (*port)->queue(0).info();
  EXPECT_EQ(info.receive_checksum, Checksum::software);
  EXPECT_EQ(info.transmit_checksum, Checksum::software);
  EXPECT_TRUE((*port)->queue(0).link_up());
}

TEST_F(EthPortTest, ARecalledPortIsGivenBackByItsLastQueue) {
  auto port = EthPort::open(id_, small_);
  ASSERT_TRUE(port);
  EthQueue& queue = (*port)->queue(0);
  Burst burst;
  burst.append(frame(queue.pool(), 1));
  queue.transmit(burst);
  queue.receive(burst);
  EXPECT_EQ(burst.size(), 1u);  // held while the port goes
  (*port)->recall().ask();
  EXPECT_FALSE(queue.link_up());
  EXPECT_TRUE(rte_eth_dev_is_valid_port(id_));
  queue.transmit(burst);
  EXPECT_TRUE(burst.empty());
  EXPECT_EQ(queue.counters().refused, 1u);
  EXPECT_TRUE((*port)->recall().given_back());
  EXPECT_FALSE(rte_eth_dev_is_valid_port(id_));
  queue.receive(burst);
  EXPECT_TRUE(burst.empty());
  pollfd bell{.fd = queue.doorbell(), .events = POLLIN, .revents = 0};
  queue.arm_doorbell();
  EXPECT_EQ(::poll(&bell, 1, 5), 0);  // nothing will ever come
  EXPECT_EQ(queue.pool().available(), queue.pool().capacity());
}

// What a thread that sleeps on it sees: a bell that rings by itself, once a time it was armed.
TEST_F(EthPortTest, WithoutInterruptsTheDoorbellIsATimer) {
  auto port = EthPort::open(id_, small_);
  ASSERT_TRUE(port);
  EthQueue& queue = (*port)->queue(0);
  pollfd bell{.fd = queue.doorbell(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&bell, 1, 0), 0);
  queue.arm_doorbell();
  EXPECT_EQ(::poll(&bell, 1, 60'000), 1);
  queue.disarm_doorbell();
  EXPECT_EQ(::poll(&bell, 1, 0), 0);
}

TEST_F(EthPortTest, ChainsAreDroppedAndCounted) {
  auto port = EthPort::open(id_, small_);
  ASSERT_TRUE(port);
  EthQueue& queue = (*port)->queue(0);
  Burst burst;
  burst.append(frame(queue.pool(), 1));
  Packet head = frame(queue.pool(), 2), tail = frame(queue.pool(), 3);
  ASSERT_EQ(rte_pktmbuf_chain(head.mbuf(), tail.mbuf()), 0);
  [[maybe_unused]] const rte_mbuf* chained = std::move(tail).release();
  burst.append(std::move(head));
  burst.append(frame(queue.pool(), 4));
  queue.transmit(burst);
  queue.receive(burst);
  ASSERT_EQ(burst.size(), 2u);
  EXPECT_EQ(bytes(burst.take(0))[0], std::byte{1});
  EXPECT_EQ(bytes(burst.take(1))[0], std::byte{4});
  burst.clear();
  EXPECT_EQ(queue.counters().several_segments, 1u);
  EXPECT_EQ(queue.pool().available(), queue.pool().capacity());
}

TEST_F(EthPortTest, TakesAPrefixWhenItsRingIsFull) {
  auto port = EthPort::open(id_, {.pool = {.packets = 4095, .buffer_bytes = 2048}});
  ASSERT_TRUE(port);
  EthQueue& queue = (*port)->queue(0);
  std::size_t taken = 0;
  bool refused = false;
  while (!refused && taken < 4095 - Burst::capacity) {
    Burst burst;
    while (!burst.full()) burst.append(frame(queue.pool(), 0));
    queue.transmit(burst);
    taken += Burst::capacity - burst.size();
    refused = !burst.empty();
  }
  EXPECT_TRUE(refused);
  std::size_t back = 0;
  for (Burst burst; queue.receive(burst), !burst.empty(); burst.clear()) back += burst.size();
  EXPECT_EQ(back, taken);
}

TEST_F(EthPortTest, UsesAPoolThatIsPassedIn) {
  auto pool = PacketPool::create({.packets = 255, .buffer_bytes = 2048});
  ASSERT_TRUE(pool);
  auto port = EthPort::open(id_, {.pools = {&*pool}});
  ASSERT_TRUE(port);
  EXPECT_EQ(&(*port)->queue(0).pool(), &*pool);
}

TEST_F(EthPortTest, SaysWhatItCannotDo) {
  EXPECT_FALSE(EthPort::open(id_, {.queues = 0}));
  EXPECT_FALSE(EthPort::open(RTE_MAX_ETHPORTS - 1, {}));
  auto pool = PacketPool::create({.packets = 255, .buffer_bytes = 2048});
  ASSERT_TRUE(pool);
  EXPECT_FALSE(EthPort::open(id_, {.queues = 2, .pools = {&*pool}}));
  const auto refused = EthPort::open(id_, {.queues = 200});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Error::Code::unavailable);
}

TEST(FrameEcho, ExchangesWhoAndWhom) {
  std::array<std::byte, 42> frame{};
  for (std::size_t i = 0; i < frame.size(); ++i) frame[i] = static_cast<std::byte>(i);
  ASSERT_TRUE(turn_around(frame));
  EXPECT_EQ(frame[0], std::byte{6});
  EXPECT_EQ(frame[6], std::byte{0});
  EXPECT_EQ(frame[26], std::byte{30});
  EXPECT_EQ(frame[30], std::byte{26});
  EXPECT_EQ(frame[34], std::byte{36});
  EXPECT_EQ(frame[36], std::byte{34});
  EXPECT_EQ(frame[12], std::byte{12});
  EXPECT_FALSE(turn_around(std::span{frame}.first(41)));
}

}  // namespace
}  // namespace arrakis::extaris
