// What the API promises of buffers, handles and options.
#include <vector>

#include "extaris/tcp/limits.h"
#include "extaris/tcp/two_hosts.h"

namespace arrakis::extaris::test {
namespace {

class TcpApiTest : public TwoHosts {
 protected:
  void connect(const TcpListenOptions& listen = {}, const TcpConnectOptions& connect = {}) {
    listener_.emplace(*server.listen_tcp({{}, 80}, listen));
    ours_.emplace(*client.connect_tcp(server_v4, connect));
    settle();
    auto accepted = listener_->accept();
    ASSERT_TRUE(accepted);
    theirs_.emplace(std::move(*accepted));
  }
  void TearDown() override {
    ours_.reset();
    theirs_.reset();
    listener_.reset();
    TwoHosts::TearDown();
  }
  // Sends until nothing more is taken.
  std::size_t send_all() {
    const std::string block(10'000, 'x');
    std::size_t total = 0;
    for (int refusals = 0; refusals < 20;) {
      const auto taken = ours_->send(as_bytes(block));
      total += taken.value_or(0);
      refusals = taken ? 0 : refusals + 1;
      settle();
    }
    return total;
  }

  std::optional<TcpListener> listener_;
  std::optional<TcpConnection> ours_;
  std::optional<TcpConnection> theirs_;
};

TEST_F(TcpApiTest, WhatIsLentClosesTheWindowUntilItIsGivenBack) {
  connect({.settings = TcpSettings{.receive_buffer_log2 = 15}});
  std::vector<TcpBuffer> lent;
  std::size_t lent_bytes = 0;
  for (int round = 0; round < 20; ++round) {
    (void)send_all();
    while (TcpBuffer buffer = theirs_->receive()) {
      lent_bytes += buffer.bytes().size();
      lent.push_back(std::move(buffer));
    }
  }
  EXPECT_LE(lent_bytes, std::size_t{1} << 15);
  EXPECT_GT(lent_bytes, std::size_t{1} << 14);
  lent.clear();
  settle();
  std::size_t more = 0;
  for (int round = 0; round < 100; ++round) {
    settle();
    more += read(*theirs_).size();
  }
  EXPECT_GT(more, 100'000u) << "the window opened again";
}

TEST_F(TcpApiTest, WhatIsLentMayBeSentOnByTheSameOrAnotherConnection) {
  connect();
  write(*ours_, "round and round");
  settle();
  for (int round = 0; round < 1000; ++round) {  // far more than the window in all
    TcpBuffer there = theirs_->receive();
    ASSERT_TRUE(there);
    ASSERT_TRUE(theirs_->send(std::move(there)));
    settle();
    TcpBuffer back = ours_->receive();
    ASSERT_TRUE(back);
    ASSERT_TRUE(ours_->send(std::move(back)));
    settle();
  }
  EXPECT_EQ(read(*theirs_), "round and round");
}

TEST_F(TcpApiTest, WhatIsLentOutlivesItsConnection) {
  connect();
  write(*ours_, "keep me");
  settle();
  TcpBuffer kept = theirs_->receive();
  theirs_.reset();
  ours_.reset();
  run_for(Duration::seconds(200));
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept.bytes().size(), 7u);
  // Its place has another tenant, who is no worse off for it.
  listener_.reset();
  connect();
  kept = {};
  write(*ours_, "new");
  settle();
  EXPECT_EQ(read(*theirs_), "new");
}

TEST_F(TcpApiTest, ARefusedBufferStaysWithTheCaller) {
  connect();
  (void)send_all();
  TcpBuffer buffer = ours_->allocate(1000);
  ASSERT_TRUE(buffer);
  const auto sent = ours_->send(std::move(buffer));
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error(), TcpSendError::would_block);
  EXPECT_TRUE(buffer);  // NOLINT(bugprone-use-after-move): a refused one was not moved from
  ours_->shutdown();
  const auto closed = ours_->send(std::move(buffer));
  ASSERT_FALSE(closed);
  EXPECT_EQ(closed.error(), TcpSendError::closed);
}

TEST_F(TcpApiTest, NoTimeToLingerIsAReset) {
  connect();
  ours_->set_linger(Duration{});
  ours_.reset();
  settle();
  EXPECT_EQ(theirs_->error(), TcpError::reset);
}

TEST_F(TcpApiTest, LingersAsLongAsItIsTold) {
  connect({.settings = TcpSettings{.receive_buffer_log2 = 12}});
  (void)send_all();  // nobody reads it
  ours_->set_linger(Duration::seconds(5));
  ours_.reset();
  run_for(Duration::seconds(4));
  EXPECT_EQ(theirs_->error(), TcpError::none);
  EXPECT_EQ(client.counters().tcp.timeouts, 0u);
  run_for(Duration::seconds(10));
  EXPECT_EQ(client.counters().tcp.timeouts, 1u);
  EXPECT_EQ(theirs_->error(), TcpError::reset);
}

TEST_F(TcpApiTest, KeepaliveOfAListenerIsThatOfItsConnections) {
  connect({.settings = TcpSettings{.keepalive = TcpKeepalive{.idle = Duration::seconds(10),
                                                             .interval = Duration::seconds(2),
                                                             .probes = 3}}});
  run_for(Duration::seconds(60));
  EXPECT_EQ(theirs_->error(), TcpError::none) << "an idle peer that lives";
  EXPECT_GE(server.counters().tcp.keepalive_probes, 4u);
  link.set_faults({.loss = 1});
  run_for(Duration::seconds(20));
  EXPECT_EQ(theirs_->error(), TcpError::timed_out);
  link.set_faults({.delay = Duration::microseconds(100)});
}

TEST_F(TcpApiTest, BuffersHaveTheSizeThatIsAskedFor) {
  connect();
  EXPECT_EQ(ours_->set_send_buffer(5'000), 8'192u);
  EXPECT_EQ(ours_->set_send_buffer(0), std::size_t{1} << tcp::limits::buffer_log2_min);
  EXPECT_EQ(ours_->set_send_buffer(SIZE_MAX), std::size_t{1} << tcp::limits::buffer_log2_max);
  EXPECT_EQ(theirs_->set_receive_buffer(4'096), 4'096u);
  EXPECT_EQ(ours_->set_send_buffer(4'096), 4'096u);
  EXPECT_EQ(ours_->send_room(), 4'096u);
  ours_->set_congestion_control(tcp::CongestionControl::new_reno);
  EXPECT_EQ(ours_->info().congestion_control, "newreno");
  write(*ours_, "still alive");
  settle();
  EXPECT_EQ(read(*theirs_), "still alive");
  run_for(tcp::limits::delayed_ack * 2);
  EXPECT_TRUE(ours_->is_drained());
}

TEST_F(TcpApiTest, EventsOfWhoIsGoneAreNotTold) {
  connect();
  std::array<TcpEvent, 8> events;
  while (server.tcp_events(events) > 0) continue;
  write(*ours_, "news");
  settle();
  const std::uint32_t id = theirs_->id();
  theirs_.reset();
  listener_.reset();
  settle();
  connect();  // likely in the same place
  const std::size_t count = server.tcp_events(events);
  for (std::size_t i = 0; i < count; ++i)
    EXPECT_FALSE(events[i].id == id && (events[i].what & TcpEvent::readable) != 0);
}

TEST_F(TcpApiTest, DroppedConnectionsLoseNoEvent) {
  listener_.emplace(*server.listen_tcp({{}, 80}));
  for (int i = 0; i < 200'000; ++i) {  // three times as many as there are places
    auto dropped = client.connect_tcp(server_v4);
    ASSERT_TRUE(dropped);
    dropped->abort();
  }
  ours_.emplace(*client.connect_tcp(server_v4));
  settle();
  std::array<TcpEvent, 8> events;
  const std::size_t count = client.tcp_events(events);
  ASSERT_EQ(count, 1u);
  EXPECT_EQ(events[0].id, ours_->id());
  EXPECT_TRUE(events[0].what & TcpEvent::connected);
}

}  // namespace
}  // namespace arrakis::extaris::test
