// One of several queues: connections are made from ports whose answers come in by it.
#include "extaris/tcp/two_hosts.h"

namespace arrakis::extaris::test {
namespace {

// The even ports are this queue's.
class EvenQueue final : public NetDevice {
 public:
  EvenQueue(NetDevice& device, bool says_so) : device_{device}, says_so_{says_so} {
    info_ = device.info();
    info_.queues = 2;
  }
  const DeviceInfo& info() const noexcept override { return info_; }
  void receive(Burst& burst) noexcept override { device_.receive(burst); }
  void transmit(Burst& burst) noexcept override { device_.transmit(burst); }
  PacketPool& pool() noexcept override { return device_.pool(); }
  Arrives arrives(const Endpoint& remote, const Endpoint& local) const noexcept override {
    if (!says_so_) return NetDevice::arrives(remote, local);
    return local.port % 2 == 0 ? Arrives::here : Arrives::elsewhere;
  }

 private:
  NetDevice& device_;
  bool says_so_;
  DeviceInfo info_;
};

class TcpQueuesTest : public TwoHosts {};

TEST_F(TcpQueuesTest, PortsAreChosenWhoseAnswersComeHere) {
  EvenQueue device{link.end(0), true};
  Stack stack{device, host(1)};
  std::vector<TcpConnection> connections;
  for (int i = 0; i < 100; ++i) {
    connections.push_back(*stack.connect_tcp(server_v4));
    EXPECT_EQ(connections.back().local().port % 2, 0);
  }
  const Endpoint odd{{}, 1001};
  const auto elsewhere = stack.connect_tcp(server_v4, {.local = odd});
  ASSERT_FALSE(elsewhere);
  EXPECT_EQ(elsewhere.error(), ConnectError::other_queue);
  EXPECT_TRUE(stack.connect_tcp(server_v4, {.local = {{}, 1002}}));
}

TEST_F(TcpQueuesTest, EveryPortOfTheQueueIsFound) {
  EvenQueue device{link.end(0), true};
  StackConfig config = host(1);
  Stack stack{device, config};
  std::vector<TcpConnection> connections;
  for (int i = 0; i < 8192; ++i) connections.push_back(*stack.connect_tcp(server_v4));
  const auto more = stack.connect_tcp(server_v4);
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error(), ConnectError::no_ports);
  EXPECT_TRUE(stack.connect_tcp(*Endpoint::parse("10.0.0.2:81"))) << "another peer, all ports anew";
}

TEST_F(TcpQueuesTest, WhereTheDeviceDoesNotSayNobodyConnects) {
  EvenQueue device{link.end(0), false};
  Stack stack{device, host(1)};
  const auto refused = stack.connect_tcp(server_v4);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), ConnectError::other_queue);
  EXPECT_TRUE(stack.listen_tcp({{}, 80}));
}

}  // namespace
}  // namespace arrakis::extaris::test
