// Connections between two hosts, from the outside: what the API promises.
#include "extaris/tcp/two_hosts.h"

namespace arrakis::extaris::test {
namespace {

class TcpTest : public TwoHosts {
 protected:
  void connect(const Endpoint& to) {
    listener_.reset();
    listener_.emplace(*server.listen_tcp({{}, 80}));
    ours_.emplace(*client.connect_tcp(to));
    settle();
    auto accepted = listener_->accept();
    ASSERT_TRUE(accepted);
    theirs_.emplace(std::move(*accepted));
    ASSERT_TRUE(ours_->is_open());
  }
  void TearDown() override {
    ours_.reset();
    theirs_.reset();
    listener_.reset();
    TwoHosts::TearDown();
  }

  std::optional<TcpListener> listener_;
  std::optional<TcpConnection> ours_;
  std::optional<TcpConnection> theirs_;
};

TEST_F(TcpTest, SpeaksBothWaysOverBothFamilies) {
  for (const Endpoint& to : {server_v4, server_v6}) {
    connect(to);
    write(*ours_, "hello");
    settle();
    EXPECT_EQ(read(*theirs_), "hello");
    write(*theirs_, "good day");
    settle();
    EXPECT_EQ(read(*ours_), "good day");
    EXPECT_EQ(ours_->remote(), to);
    EXPECT_EQ(theirs_->remote(), ours_->local());
  }
}

TEST_F(TcpTest, ClosesBothWays) {
  connect(server_v4);
  ours_->shutdown();
  settle();
  EXPECT_EQ(ours_->info().state, "FIN-WAIT-2");
  EXPECT_EQ(theirs_->info().state, "CLOSE-WAIT");
  EXPECT_TRUE(theirs_->at_end());
  write(*theirs_, "after your FIN");  // half-closed: this way is open
  settle();
  EXPECT_EQ(read(*ours_), "after your FIN");
  theirs_->shutdown();
  settle();
  EXPECT_EQ(theirs_->info().state, "CLOSED");
  EXPECT_EQ(theirs_->error(), TcpError::none);
  EXPECT_EQ(ours_->info().state, "TIME-WAIT");
  run_for(Duration::seconds(61));
  EXPECT_EQ(ours_->info().state, "CLOSED");
  EXPECT_TRUE(ours_->at_end());
}

TEST_F(TcpTest, ClosesAtOnceFromBothSides) {
  connect(server_v4);
  ours_->shutdown();
  theirs_->shutdown();
  settle();
  EXPECT_EQ(ours_->info().state, "TIME-WAIT");
  EXPECT_EQ(theirs_->info().state, "TIME-WAIT");
}

TEST_F(TcpTest, UnreadDataIsReset) {
  connect(server_v4);
  write(*ours_, "who reads this?");
  settle();
  theirs_.reset();
  settle();
  EXPECT_EQ(ours_->error(), TcpError::reset);
}

TEST_F(TcpTest, AClosedPortRefuses) {
  auto connection = client.connect_tcp(server_v4);
  ASSERT_TRUE(connection);
  settle();
  EXPECT_EQ(connection->error(), TcpError::refused);
}

TEST_F(TcpTest, SilenceTimesOut) {
  link.set_faults({.loss = 1});
  auto connection = client.connect_tcp(server_v4);
  ASSERT_TRUE(connection);
  run_for(Duration::seconds(130));
  EXPECT_NE(connection->error(), TcpError::none);
}

TEST_F(TcpTest, SendsAgainWhatIsLost) {
  connect(server_v4);
  link.set_faults({.loss = 1});
  write(*ours_, "once more");
  settle();
  link.set_faults({.delay = Duration::microseconds(100)});
  run_for(Duration::seconds(2));
  EXPECT_EQ(read(*theirs_), "once more");
  EXPECT_GE(client.counters().tcp.retransmitted, 1u);
}

TEST_F(TcpTest, TheSendBufferPushesBack) {
  connect(server_v4);
  const std::string much(300'000, 'x');
  const auto sent = ours_->send(as_bytes(much));
  ASSERT_TRUE(sent);
  EXPECT_EQ(*sent, 262'144u);
  const auto more = ours_->send(as_bytes(much));
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error(), TcpSendError::would_block);
  std::size_t arrived = 0;
  for (int i = 0; i < 100; ++i) {
    settle();
    arrived += read(*theirs_).size();
  }
  EXPECT_EQ(arrived, 262'144u);
  std::array<TcpEvent, 4> events;
  const std::size_t count = client.tcp_events(events);
  ASSERT_EQ(count, 1u);
  EXPECT_TRUE(events[0].what & TcpEvent::room);
}

// Forty connections of 256 KiB each want twice what there is.
TEST_F(TcpTest, WhatNobodyReadsLeavesMemoryForOthers) {
  connect(server_v4);
  std::vector<TcpConnection> senders;
  std::vector<TcpConnection> readers;
  for (int i = 0; i < 40; ++i) {
    senders.push_back(*client.connect_tcp(server_v4));
    settle();
    readers.push_back(*listener_->accept());
  }
  const std::string text(1000, 'x');
  std::size_t sent = 0;
  std::size_t least = pool.capacity();
  for (int round = 0; round < 400; ++round) {
    for (TcpConnection& sender : senders) sent += sender.send(as_bytes(text)).value_or(0);
    run_for(Duration::milliseconds(1));
    least = std::min(least, pool.available());
  }
  EXPECT_GT(least, pool.capacity() / 32);
  EXPECT_GT(server.counters().tcp.memory_refused, 0u);

  std::size_t read_bytes = 0;
  const auto read_all = [&](std::span<TcpConnection> some) {
    for (int round = 0; round < 100; ++round) {
      for (TcpConnection& reader : some) read_bytes += read(reader).size();
      run_for(Duration::seconds(1));
    }
  };
  read_all(std::span{readers}.first(20));
  write(*ours_, "a question");
  settle();
  EXPECT_EQ(read(*theirs_), "a question");
  read_all(readers);
  EXPECT_EQ(read_bytes, sent);
}

TEST_F(TcpTest, AClosedWindowIsProbedAndOpens) {
  connect(server_v4);
  std::string much(600'000, 'y');
  std::size_t given = 0;
  for (int i = 0; i < 200; ++i) {
    const auto sent = ours_->send(as_bytes(std::string_view{much}.substr(given)));
    if (sent) given += *sent;
    settle();
  }
  EXPECT_LT(given, much.size());
  run_for(Duration::seconds(10));  // the receiver reads nothing: probes only
  EXPECT_GE(client.counters().tcp.window_probes, 1u);
  std::size_t arrived = 0;
  for (int i = 0; i < 3000 && arrived < much.size(); ++i) {
    arrived += read(*theirs_).size();
    const auto sent = ours_->send(as_bytes(std::string_view{much}.substr(given)));
    if (sent) given += *sent;
    settle();
  }
  EXPECT_EQ(arrived, much.size());
}

}  // namespace
}  // namespace arrakis::extaris::test
