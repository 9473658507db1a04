// Devices that see to checksums.
#include <utility>

#include "extaris/packet/headers.h"
#include "extaris/stack/test_host.h"

namespace arrakis::extaris::test {
namespace {

constexpr std::uint16_t port = 7;
constexpr std::uint64_t all_good = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;

// What a device is told with a frame.
struct Told {
  std::uint64_t flags;
  Bytes frame;
};

class OffloadDevice final : public NetDevice {
 public:
  explicit OffloadDevice(PacketPool& pool) : pool_{pool} {}
  const DeviceInfo& info() const noexcept override { return info_; }
  PacketPool& pool() noexcept override { return pool_; }
  void receive(Burst& burst) noexcept override {
    if (arrived) burst.append(std::move(arrived));
  }
  void transmit(Burst& burst) noexcept override {
    for (std::size_t i = 0; i < burst.size(); ++i) {
      const Packet packet = burst.take(i);
      const auto content = bytes(packet);
      sent.push_back({packet.mbuf()->ol_flags, {content.begin(), content.end()}});
    }
    burst.clear();
  }
  Packet arrived;
  std::vector<Told> sent;

 private:
  PacketPool& pool_;
  DeviceInfo info_{
      .mac = our_mac, .receive_checksum = Checksum::device, .transmit_checksum = Checksum::device};
};

class OffloadTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(start_eal()); }

  void give(const Bytes& frame_bytes, std::uint64_t flags) {
    device_.arrived = pool_.allocate();
    resize(device_.arrived, frame_bytes.size());
    std::memcpy(bytes(device_.arrived).data(), frame_bytes.data(), frame_bytes.size());
    device_.arrived.mbuf()->ol_flags |= flags;
    stack_.poll(Instant{});
  }
  // A good frame with a wrong UDP checksum.
  static Bytes with_wrong_sum() {
    Bytes frame_bytes = udp_frame_v4(port, text("payload"));
    frame_bytes.back() ^= std::byte{1};
    return frame_bytes;
  }

  PacketPool pool_ = *PacketPool::create({.packets = 64});
  OffloadDevice device_{pool_};
  Stack stack_{device_, usual_config()};
  UdpSocket socket_ = *stack_.bind_udp({{}, port});
};

TEST_F(OffloadTest, TheDevicesWordIsTaken) {
  give(with_wrong_sum(), all_good);
  EXPECT_TRUE(socket_.receive());
  give(with_wrong_sum(), RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_NONE);
  EXPECT_TRUE(socket_.receive());
}

TEST_F(OffloadTest, WhereItDidNotLookOrDoubtsWeLook) {
  for (const std::uint64_t flags :
       {0ULL, RTE_MBUF_F_RX_IP_CKSUM_BAD | RTE_MBUF_F_RX_L4_CKSUM_BAD}) {
    give(with_wrong_sum(), flags);
    EXPECT_FALSE(socket_.receive());
    give(udp_frame_v4(port, text("x")), flags);
    EXPECT_TRUE(socket_.receive());
  }
  EXPECT_EQ(stack_.counters().dropped(Drop::bad_checksum), 2u);
}

TEST_F(OffloadTest, AnUntouchedReplyKeepsItsSumAndAsksForNothing) {
  give(udp_frame_v4(port, text("x")), all_good);
  ASSERT_TRUE(socket_.reply(socket_.receive()));
  stack_.flush();
  ASSERT_EQ(device_.sent.size(), 1u);
  EXPECT_EQ(device_.sent[0].flags, 0u);
}

// DPDK: the field holds the pseudo-header's sum, and the lengths say where it lies.
void expect_requested(const Told& told, bool is_v4) {
  EXPECT_EQ(told.flags & RTE_MBUF_F_TX_L4_MASK, RTE_MBUF_F_TX_UDP_CKSUM);
  EXPECT_EQ((told.flags & RTE_MBUF_F_TX_IPV4) != 0, is_v4);
  const std::size_t at = sizeof(EthernetHeader) + (is_v4 ? sizeof(Ipv4Header) : sizeof(Ipv6Header));
  auto udp = load<UdpHeader>(told.frame.data() + at);
  const std::uint16_t bytes_left = static_cast<std::uint16_t>(told.frame.size() - at);
  const IpAddress source = is_v4 ? IpAddress{our_v4} : IpAddress{our_v6};
  const IpAddress target = is_v4 ? IpAddress{peer_v4} : IpAddress{peer_v6};
  const std::uint16_t pseudo = pseudo_header(source, target, protocol::udp, bytes_left).folded();
  EXPECT_EQ(udp.checksum.raw(), pseudo);
}

TEST_F(OffloadTest, WhatIsWrittenAnewIsLeftToTheDevice) {
  ASSERT_TRUE(socket_.send(text("hello"), {peer_v4, 9}));
  ASSERT_TRUE(socket_.send(text("hello"), {peer_v6, 9}));
  give(with_wrong_sum(), RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_NONE);
  ASSERT_TRUE(socket_.reply(socket_.receive()));  // its field never held its sum
  stack_.flush();
  ASSERT_EQ(device_.sent.size(), 3u);
  expect_requested(device_.sent[0], true);
  expect_requested(device_.sent[1], false);
  expect_requested(device_.sent[2], true);
}

TEST_F(OffloadTest, FragmentsAreSummedHere) {
  ASSERT_TRUE(socket_.send(Bytes(3'000), {peer_v4, 9}));
  stack_.flush();
  ASSERT_EQ(device_.sent.size(), 3u);
  for (const Told& told : device_.sent) EXPECT_EQ(told.flags, 0u);
}

}  // namespace
}  // namespace arrakis::extaris::test
