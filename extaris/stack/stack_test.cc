#include "extaris/stack/stack.h"

#include <gtest/gtest.h>

#include <cstring>
#include <deque>

#include "extaris/packet/bytes.h"
#include "extaris/packet/eal.h"

namespace arrakis::extaris {
namespace {

// Two ends of a wire in memory.
class MemoryDevice final : public NetDevice {
 public:
  MemoryDevice(PacketPool& pool, const DeviceInfo& info) : pool_{pool}, info_{info} {}
  void connect(MemoryDevice& peer) {
    peer_ = &peer;
    peer.peer_ = this;
  }
  const DeviceInfo& info() const noexcept override { return info_; }
  void receive(Burst& burst) noexcept override {
    while (!inbox_.empty() && !burst.full()) {
      burst.append(std::move(inbox_.front()));
      inbox_.pop_front();
    }
  }
  void transmit(Burst& burst) noexcept override {
    for (std::size_t i = 0; i < burst.size(); ++i) peer_->inbox_.push_back(burst.take(i));
    burst.clear();
  }
  PacketPool& pool() noexcept override { return pool_; }
  std::deque<Packet> inbox_;

 private:
  PacketPool& pool_;
  DeviceInfo info_;
  MemoryDevice* peer_ = nullptr;
};

class StackTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(start_eal()); }
  PacketPool pool_ = *PacketPool::create({.packets = 512});
};

std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span{text});
}

TEST_F(StackTest, EchoesOverIpv4) {
  MemoryDevice a{pool_, {.mac = *MacAddress::parse("02:00:00:00:00:01")}};
  MemoryDevice b{pool_, {.mac = *MacAddress::parse("02:00:00:00:00:02")}};
  a.connect(b);
  Stack client{a, {.addresses = {*IpPrefix::parse("10.0.0.1/24")}}};
  Stack server{b, {.addresses = {*IpPrefix::parse("10.0.0.2/24")}}};
  auto socket = client.bind_udp({});
  auto echo = server.bind_udp({{}, 7});
  ASSERT_TRUE(socket && echo);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(socket->send(as_bytes("hello"), *Endpoint::parse("10.0.0.2:7")));
    Instant now{i};
    for (int k = 0; k < 4; ++k) {
      client.poll(now);
      server.poll(now);
    }
    Datagram got = echo->receive();
    ASSERT_TRUE(got);
    EXPECT_EQ(got.payload().size(), 5u);
    EXPECT_EQ(got.source(), (Endpoint{*IpAddress::parse("10.0.0.1"), socket->local().port}));
    EXPECT_EQ(got.target(), *Endpoint::parse("10.0.0.2:7"));
    ASSERT_TRUE(echo->reply(std::move(got)));
    server.flush();
    client.poll(now);
    Datagram back = socket->receive();
    ASSERT_TRUE(back);
    EXPECT_EQ(std::memcmp(back.payload().data(), "hello", 5), 0);
  }
}

}  // namespace
}  // namespace arrakis::extaris
