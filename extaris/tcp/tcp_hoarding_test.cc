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

// Takes nothing while it is told so, and counts how often it is asked.
class StubbornDevice final : public NetDevice {
 public:
  explicit StubbornDevice(NetDevice& device) : device_{device} {}
  const DeviceInfo& info() const noexcept override { return device_.info(); }
  void receive(Burst& burst) noexcept override { device_.receive(burst); }
  void transmit(Burst& burst) noexcept override {
    ++asked;
    if (!is_full) device_.transmit(burst);
  }
  PacketPool& pool() noexcept override { return device_.pool(); }

  int asked = 0;
  bool is_full = false;

 private:
  NetDevice& device_;
};

TEST_F(TcpHoardingTest, AFullDeviceIsNotAskedForEachThatWaits) {
  StubbornDevice device{link.end(0)};
  Stack many{device, host(1)};
  const auto run = [&] {
    for (int i = 0; i < 200; ++i) {
      now = now + Duration::microseconds(50);
      link.advance(now);
      many.poll(now);
      server.poll(now);
    }
  };
  many.poll(now);
  std::vector<TcpConnection> ours, theirs;
  for (int i = 0; i < 100; ++i) {
    ours.push_back(std::move(*many.connect_tcp(server_v4)));
    if (i % 50 == 0) run();  // no more than wait for one ARP answer
  }
  run();
  while (auto accepted = listener.accept()) theirs.push_back(std::move(*accepted));
  ASSERT_EQ(theirs.size(), ours.size());

  device.is_full = true;
  for (TcpConnection& connection : ours) write(connection, "hello");
  device.asked = 0;
  many.poll(now);
  EXPECT_LE(device.asked, 3) << "36 stand in line behind a burst of 64";

  device.is_full = false;
  run();
  for (TcpConnection& connection : theirs) EXPECT_EQ(read(connection), "hello");
  for (TcpConnection& connection : ours) connection.abort();
  theirs.clear();
  run();
}

}  // namespace
}  // namespace arrakis::extaris::test
