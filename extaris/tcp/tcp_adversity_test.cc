// Peers and applications at their worst: nothing leaks, nothing hangs, others go on.
#include <algorithm>
#include <vector>

#include "base/random.h"
#include "extaris/tcp/two_hosts.h"

namespace arrakis::extaris::test {
namespace {

class TcpAdversityTest : public TwoHosts {
 protected:
  std::vector<TcpConnection> connect(std::size_t count) {
    std::vector<TcpConnection> connections;
    for (std::size_t i = 0; i < count; ++i) connections.push_back(*client.connect_tcp(server_v4));
    settle();
    return connections;
  }
  static std::vector<TcpConnection> accept_all(TcpListener& listener) {
    std::vector<TcpConnection> accepted;
    while (auto connection = listener.accept()) accepted.push_back(std::move(*connection));
    return accepted;
  }
};

TEST_F(TcpAdversityTest, WhoDoesNotFitTheBacklogGetsInLater) {
  TcpListener listener = *server.listen_tcp({{}, 80}, {.backlog = 4});
  auto ours = connect(20);
  auto theirs = accept_all(listener);
  EXPECT_LE(theirs.size(), 4u);
  EXPECT_GE(server.counters().tcp.backlog_full, 1u);
  for (int i = 0; i < 60 && theirs.size() < 20; ++i) {
    run_for(Duration::seconds(1));
    for (TcpConnection& connection : accept_all(listener)) theirs.push_back(std::move(connection));
  }
  EXPECT_EQ(theirs.size(), 20u);
  for (TcpConnection& connection : ours) EXPECT_TRUE(connection.is_open());
}

TEST_F(TcpAdversityTest, WhoLeavesBeforeItIsAcceptedIsAcceptedDead) {
  TcpListener listener = *server.listen_tcp({{}, 80});
  auto ours = connect(3);
  ours[1].abort();
  settle();
  auto theirs = accept_all(listener);
  ASSERT_EQ(theirs.size(), 3u);
  EXPECT_EQ(std::ranges::count_if(theirs, [](auto& c) { return c.error() == TcpError::reset; }), 1);
}

TEST_F(TcpAdversityTest, ADroppedListenerResetsWhoWasNotAccepted) {
  std::optional<TcpListener> listener{*server.listen_tcp({{}, 80})};
  auto ours = connect(10);
  listener.reset();
  settle();
  for (TcpConnection& connection : ours) EXPECT_EQ(connection.error(), TcpError::reset);
}

TEST_F(TcpAdversityTest, PortsRunOutAndComeBack) {
  TcpListener listener = *server.listen_tcp({{}, 80}, {.backlog = 1});
  std::vector<TcpConnection> ours;
  for (int i = 0; i < 16'384; ++i) ours.push_back(*client.connect_tcp(server_v4));
  const auto more = client.connect_tcp(server_v4);
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error(), ConnectError::no_ports);
  ours[7].abort();
  ours.erase(ours.begin() + 7);
  auto again = client.connect_tcp(server_v4);
  EXPECT_TRUE(again);
  for (TcpConnection& connection : ours) connection.abort();
}

TEST_F(TcpAdversityTest, ConnectionsRunOutAndComeBack) {
  StackConfig few = host(3);
  few.tcp.connections_max = 4;
  Stack small{link.end(0), few};
  std::vector<TcpConnection> ours;
  for (int i = 0; i < 4; ++i) ours.push_back(*small.connect_tcp(server_v4));
  const auto more = small.connect_tcp(server_v4);
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error(), ConnectError::too_many_connections);
  ours.pop_back();
  EXPECT_TRUE(small.connect_tcp(server_v4));
}

TEST_F(TcpAdversityTest, AHalfClosedPeerIsServedToTheEnd) {
  TcpListener listener = *server.listen_tcp({{}, 80});
  auto ours = connect(1);
  auto theirs = accept_all(listener);
  write(ours[0], "all I say");
  ours[0].shutdown();
  settle();
  EXPECT_EQ(read(theirs[0]), "all I say");
  EXPECT_TRUE(theirs[0].at_end());
  std::string answer(500'000, 'a');
  std::size_t given = 0, heard = 0;
  for (int i = 0; i < 1'000 && heard < answer.size(); ++i) {
    given += theirs[0].send(as_bytes(std::string_view{answer}.substr(given))).value_or(0);
    settle();
    heard += read(ours[0]).size();
  }
  EXPECT_EQ(heard, answer.size());
}

// A thousand connections and their buffers, closed, reset, dropped and read in an order that a seed
// decides. What is left at the end is nothing (TearDown).
TEST_F(TcpAdversityTest, HandlesMayGoInAnyOrder) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    Random random{seed};
    std::optional<TcpListener> listener{*server.listen_tcp({{}, 80}, {.backlog = 1000})};
    std::vector<TcpConnection> all = connect(500);
    run_for(Duration::seconds(8));  // what did not fit the queue of a new neighbor comes again
    for (TcpConnection& connection : accept_all(*listener)) all.push_back(std::move(connection));
    ASSERT_EQ(all.size(), 1000u);
    std::vector<TcpBuffer> buffers;
    while (!all.empty()) {
      const std::size_t i = random.below(static_cast<std::uint32_t>(all.size()));
      TcpConnection& connection = all[i];
      switch (random.below(8)) {
        case 0: connection.shutdown(); break;
        case 1: connection.abort(); break;
        case 2: buffers.push_back(connection.receive()); break;
        case 3: buffers.push_back(connection.allocate(100)); break;
        case 4:
          if (!buffers.empty()) (void)connection.send(std::move(buffers.back()));
          break;
        case 5:
          std::swap(all[i], all.back());
          all.pop_back();
          break;
        case 6: settle(); break;
        default: (void)connection.send(as_bytes("text"));
      }
      if (random.once_in(200)) buffers.clear();
      if (random.once_in(400)) listener.reset();
    }
    buffers.clear();
    run_for(Duration::seconds(200));
  }
}

}  // namespace
}  // namespace arrakis::extaris::test
