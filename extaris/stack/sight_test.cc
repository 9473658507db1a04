// What a stack shows to who looks: its sockets, and frames by a tap.
#include <algorithm>
#include <vector>

#include "extaris/stack/test_host.h"
#include "extaris/tcp/two_hosts.h"

namespace arrakis::extaris::test {
namespace {

struct Recorder final : Tap {
  void see(const Burst& burst, std::size_t first, Direction direction) noexcept override {
    for (std::size_t i = first; i < burst.size(); ++i) {
      const auto content = bytes(burst.peek(i));
      (direction == Direction::in ? in : out).emplace_back(content.begin(), content.end());
    }
  }
  std::vector<Bytes> in, out;
};

struct List final : SocketSink {
  void take(const SocketInfo& socket) noexcept override { all.push_back(socket); }
  std::vector<SocketInfo> all;
};

List sockets_of(const Stack& stack, std::size_t places = 100'000) {
  List list;
  std::optional<std::uint64_t> next = 0;
  while (next) next = stack.describe_sockets(*next, places, list);
  return list;
}

using TapTest = HostTest;

TEST_F(TapTest, SeesEachFrameOnceInBothDirections) {
  auto echo = stack.bind_udp({.address = {}, .port = 7});
  ASSERT_TRUE(echo);
  Recorder recorder;
  stack.set_tap(&recorder);
  const Bytes request = udp_frame_v4(7, text("melange"));
  give(request);
  ASSERT_TRUE(echo->reply(echo->receive()));
  device.is_stuck = true;  // what the device does not take is seen all the same, and once
  stack.flush();
  stack.flush();
  device.is_stuck = false;
  stack.flush();
  ASSERT_EQ(recorder.in.size(), 1u);
  EXPECT_EQ(recorder.in[0], request);
  ASSERT_EQ(device.sent.size(), 1u);
  EXPECT_EQ(recorder.out, device.sent);

  stack.set_tap(nullptr);
  give(request);
  EXPECT_EQ(recorder.in.size(), 1u);
}

class SocketsTest : public TwoHosts {};

TEST_F(SocketsTest, AConnectionIsDescribed) {
  auto listener = server.listen_tcp({.address = {}, .port = 80});
  auto ours = client.connect_tcp(server_v4);
  ASSERT_TRUE(listener && ours);
  settle();
  auto theirs = listener->accept();
  ASSERT_TRUE(theirs);
  write(*ours, "melange");
  run_for(Duration::milliseconds(100));  // as long as an ACK may be delayed

  const List list = sockets_of(server);
  ASSERT_EQ(list.all.size(), 2u);
  EXPECT_EQ(list.all[0].kind, SocketInfo::Kind::tcp_listener);
  const SocketInfo& connection = list.all[1];
  EXPECT_EQ(connection.local, server_v4);
  EXPECT_EQ(connection.remote, ours->local());
  EXPECT_EQ(connection.receive_queue, 7u);
  EXPECT_EQ(connection.tcp.received_bytes, 7u);
  EXPECT_EQ(connection.tcp.state, "ESTABLISHED");

  const TcpInfo info = ours->info();
  EXPECT_EQ(info.acknowledged_bytes, 7u);
  EXPECT_EQ(info.unacknowledged_bytes, 0u);
  EXPECT_EQ(info.timer, TcpTimer::none);
  EXPECT_GE(info.retransmission_timeout_ms, 200u);
  EXPECT_GE(info.round_trip_us, 200u) << "two ways of 100 us";
  EXPECT_EQ(read(*theirs), "melange");

  ours->shutdown();  // FIN is no byte
  settle();
  EXPECT_EQ(ours->info().acknowledged_bytes, 7u);
  EXPECT_EQ(theirs->info().received_bytes, 7u);
}

TEST_F(SocketsTest, PartsMakeUpTheWhole) {
  auto listener = server.listen_tcp({.address = {}, .port = 80}, {.backlog = 64});
  ASSERT_TRUE(listener);
  std::vector<TcpConnection> ours;
  for (int i = 0; i < 50; ++i) {
    auto connection = client.connect_tcp(server_v4);
    ASSERT_TRUE(connection);
    ours.push_back(std::move(*connection));
    settle();
  }
  auto udp = server.bind_udp({.address = {}, .port = 53});
  ASSERT_TRUE(udp);
  const auto ports = [](const List& list) {
    std::vector<std::uint16_t> all;
    for (const SocketInfo& socket : list.all) all.push_back(socket.remote.port);
    return all;
  };
  const auto whole = ports(sockets_of(server));
  EXPECT_EQ(whole.size(), 52u);
  for (const std::size_t places : {1u, 7u, 1024u})
    EXPECT_EQ(ports(sockets_of(server, places)), whole) << places;
}

}  // namespace
}  // namespace arrakis::extaris::test
