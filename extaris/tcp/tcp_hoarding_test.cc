// Applications and peers that keep packets: nobody else may feel it, and the pool must not run dry.
#include <memory>
#include <vector>

#include "extaris/tcp/two_hosts.h"

namespace arrakis::extaris::test {
namespace {

class TcpHoardingTest : public TwoHosts {
 protected:
  struct Pair {
    TcpConnection ours;
    TcpConnection theirs;
  };

  Pair connect() {
    auto connection = client.connect_tcp(server_v4);
    settle();
    return {std::move(*connection), std::move(*listener.accept())};
  }
  static void stuff(TcpConnection& connection) {
    static const std::string block(20'000, 'x');
    while (connection.send(as_bytes(block))) continue;
  }
  // Whether what is said is heard within a time in which segments that were dropped come again.
  bool talks(Pair& pair) {
    for (int i = 0; i < 20; ++i) {
      if (!pair.ours.send(as_bytes("hello"))) return false;
      run_for(Duration::seconds(2));
      if (read(pair.theirs) != "hello") return false;
      if (!pair.theirs.send(as_bytes("world"))) return false;
      run_for(Duration::seconds(2));
      if (read(pair.ours) != "world") return false;
    }
    return true;
  }
  std::size_t left() const { return pool.available(); }

  TcpListener listener = *server.listen_tcp({{}, 80});
};

TEST_F(TcpHoardingTest, WhoNeverReadsDoesNotEmptyThePool) {
  {
    Pair good = connect();
    std::vector<Pair> deaf;
    for (int i = 0; i < 60; ++i) deaf.push_back(connect());  // 60 windows of 180 packets each
    for (int round = 0; round < 20; ++round) {
      for (Pair& pair : deaf) stuff(pair.ours);
      settle();
    }
    EXPECT_GT(left(), pool.capacity() / 32);
    EXPECT_GE(client.counters().tcp.memory_refused + server.counters().tcp.memory_refused, 1u);
    EXPECT_TRUE(talks(good));
    Pair late = connect();
    EXPECT_TRUE(talks(late));
    // Those who read again get every byte.
    for (Pair& pair : deaf) pair.ours.shutdown();
    for (int round = 0; round < 2'000; ++round) {
      for (Pair& pair : deaf) (void)read(pair.theirs);
      run_for(Duration::milliseconds(50));
    }
    for (Pair& pair : deaf) EXPECT_TRUE(pair.theirs.at_end());
    for (Pair& pair : deaf) EXPECT_EQ(pair.theirs.error(), TcpError::none);
  }
}

TEST_F(TcpHoardingTest, WhoKeepsWhatItWasLentDoesNotEmptyThePool) {
  std::vector<TcpBuffer> kept;
  {
    Pair good = connect();
    std::vector<Pair> greedy;
    for (int i = 0; i < 60; ++i) greedy.push_back(connect());
    for (int round = 0; round < 20; ++round) {
      for (Pair& pair : greedy) {
        stuff(pair.ours);
        while (TcpBuffer buffer = pair.theirs.receive()) kept.push_back(std::move(buffer));
      }
      settle();
    }
    EXPECT_GT(left(), pool.capacity() / 32);
    EXPECT_TRUE(talks(good));
    for (Pair& pair : greedy) pair.ours.abort();
  }
  kept.clear();
}

TEST_F(TcpHoardingTest, BytesOneByOneAreBoundedToo) {
  Pair good = connect();
  std::vector<Pair> deaf;
  for (int i = 0; i < 8; ++i) deaf.push_back(connect());
  for (Pair& pair : deaf) pair.ours.set_no_delay(true);
  for (int round = 0; round < 3'000; ++round) {
    for (Pair& pair : deaf) (void)pair.ours.send(as_bytes("x"));
    run_for(Duration::milliseconds(1));
  }
  EXPECT_GT(left(), pool.capacity() / 32);
  EXPECT_TRUE(talks(good));
  for (Pair& pair : deaf) pair.ours.abort();
}

}  // namespace
}  // namespace arrakis::extaris::test
