#include "arrakis/scheduler.h"

#include <cstdlib>
#include <new>
#include <vector>

#include "libos/runtime/two_queues.h"

namespace {

std::size_t heap_uses = 0;

}  // namespace

// All of this program's: what the data path takes from the heap is counted.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  ++heap_uses;
  if (void* memory = std::malloc(bytes)) return memory;
  std::abort();
}
[[gnu::noinline]] void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  ++heap_uses;
  return std::malloc(bytes);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace arrakis::runtime {
namespace {

class SchedulerTest : public testing::TwoQueues {
 protected:
  // A connection: `client` here, `served` there.
  void connect() {
    if (!acceptor) acceptor.emplace(*theirs.listen_tcp(80));
    theirs.start(accept_one());
    ours.start(connect_one());
    ASSERT_TRUE(until([this] { return client && served; }));
  }
  Task<> accept_one() { served = co_await acceptor->accept(); }
  Task<> connect_one() {
    auto stream = co_await ours.connect_tcp(server);
    if (stream) client.emplace(std::move(*stream));
  }
  // Until the end.
  static Task<> echo(TcpStream& stream) {
    while (TcpBuffer buffer = co_await stream.receive())
      if (!co_await stream.send(std::move(buffer))) co_return;
  }
  Task<> receive_into(TcpStream& stream) { heard.emplace((co_await stream.receive()).text()); }
  Task<> send_text(TcpStream& stream, std::string text) {
    outcome.emplace(co_await stream.send(std::string_view{text}));
  }

  std::optional<TcpAcceptor> acceptor;
  std::optional<TcpStream> client;
  std::optional<TcpStream> served;
  std::optional<std::string> heard;
  std::optional<std::expected<void, TcpSendError>> outcome;
};

TEST_F(SchedulerTest, ConnectsAcceptsSendsAndReceives) {
  connect();
  theirs.start(echo(*served));
  ours.start(send_text(*client, "melange"));
  ours.start(receive_into(*client));
  ASSERT_TRUE(until([this] { return heard.has_value(); }));
  EXPECT_EQ(*heard, "melange");
  EXPECT_TRUE(*outcome);
}

TEST_F(SchedulerTest, TheDataPathTakesNothingFromTheHeap) {
  connect();
  theirs.start(echo(*served));
  int rounds = 0;
  const auto ping = [](TcpStream& stream, int& count) -> Task<> {
    for (;; ++count) {
      if (!co_await stream.send(std::string_view{"ping"})) co_return;
      if (!co_await stream.receive()) co_return;
    }
  };
  ours.start(ping(*client, rounds));
  ASSERT_TRUE(until([&] { return rounds >= 100; }));
  const std::size_t before = heap_uses;
  ASSERT_TRUE(until([&] { return rounds >= 1'100; }));
  EXPECT_LE(heap_uses - before, 2u) << "until() itself makes a std::function";
}

TEST_F(SchedulerTest, FramesAreUsedAgain) {
  const auto nothing = [](Scheduler&) -> Task<> { co_return; };
  const auto run = [&nothing](Scheduler& scheduler) { scheduler.start(nothing(scheduler)); };
  run(ours);
  for (int i = 0; i < 1000; ++i) run(ours);
  connect();
  const auto serve = [](TcpStream stream) -> Task<> { (void)co_await stream.receive(); };
  theirs.start(serve(std::move(*served)));
  EXPECT_LE(theirs.frames().from_heap(), 4u);
}

TEST_F(SchedulerTest, ATaskAwaitsAnother) {
  connect();
  theirs.start(echo(*served));
  std::string said;
  const auto ask = [](TcpStream& stream, std::string_view what) -> Task<std::string> {
    if (!co_await stream.send(what)) co_return "closed";
    co_return std::string{(co_await stream.receive()).text()};
  };
  const auto talk = [&](TcpStream& stream) -> Task<> {
    said = co_await ask(stream, "one") + co_await ask(stream, "two");
  };
  ours.start(talk(*client));
  ASSERT_TRUE(until([&] { return !said.empty(); }));
  EXPECT_EQ(said, "onetwo");
}

TEST_F(SchedulerTest, TasksThatNeverWaitUseNoMoreStackThanOne) {
  std::size_t sum = 0;
  const auto one = [](Scheduler&) -> Task<std::size_t> { co_return 1; };
  const auto count = [&](Scheduler& scheduler) -> Task<> {
    for (int i = 0; i < 1'000'000; ++i) sum += co_await one(scheduler);
  };
  ours.start(count(ours));
  EXPECT_EQ(sum, 1'000'000u);
}

TEST_F(SchedulerTest, ACancelledReceiveLosesNothing) {
  connect();
  {
    Task<> waiting = receive_into(*client);
    waiting.start();
    turns(3);
    EXPECT_FALSE(waiting.is_done());
  }
  theirs.start(send_text(*served, "still here"));
  turns(10);
  EXPECT_FALSE(heard);
  ours.start(receive_into(*client));
  ASSERT_TRUE(until([this] { return heard.has_value(); }));
  EXPECT_EQ(*heard, "still here");
}

TEST_F(SchedulerTest, AStreamDroppedWhileItIsAwaitedEndsTheWait) {
  connect();
  ours.start(receive_into(*client));
  ours.start(send_text(*client, std::string(2'000'000, 'x')));  // nobody reads it
  turns(20);
  EXPECT_FALSE(heard);
  EXPECT_FALSE(outcome);
  client.reset();
  turns(2);
  ASSERT_TRUE(heard);
  EXPECT_EQ(*heard, "");
  ASSERT_TRUE(outcome);
  ASSERT_FALSE(*outcome);
  EXPECT_EQ(outcome->error(), TcpSendError::closed);
}

TEST_F(SchedulerTest, AStreamMayMoveWhileItIsAwaited) {
  connect();
  ours.start(receive_into(*client));
  TcpStream elsewhere = std::move(*client);
  client.reset();
  theirs.start(send_text(*served, "found you"));
  ASSERT_TRUE(until([this] { return heard.has_value(); }));
  EXPECT_EQ(*heard, "found you");
}

TEST_F(SchedulerTest, AnAcceptorDroppedWhileItIsAwaitedEndsTheWait) {
  acceptor.emplace(*theirs.listen_tcp(80));
  bool is_over = false;
  const auto wait = [&](TcpAcceptor& listening) -> Task<> {
    is_over = !co_await listening.accept();
  };
  theirs.start(wait(*acceptor));
  acceptor.reset();
  turns(1);
  EXPECT_TRUE(is_over);
}

TEST_F(SchedulerTest, AResetEndsEveryWait) {
  connect();
  ours.start(receive_into(*client));
  ours.start(send_text(*client, std::string(2'000'000, 'x')));
  turns(20);
  served->connection().abort();
  ASSERT_TRUE(until([this] { return heard && outcome; }));
  EXPECT_EQ(*heard, "");
  EXPECT_FALSE(*outcome);
  EXPECT_EQ(client->connection().error(), TcpError::reset);
}

TEST_F(SchedulerTest, WhatOneTaskAbortsAnotherIsTold) {
  connect();
  ours.start(receive_into(*client));
  client->connection().abort();
  turns(1);
  EXPECT_TRUE(heard);
}

TEST_F(SchedulerTest, ARefusedConnectionSaysSo) {
  std::optional<ConnectError> error;
  const auto try_it = [&](Scheduler& scheduler, Endpoint target) -> Task<> {
    const auto stream = co_await scheduler.connect_tcp(target);
    if (!stream) error = stream.error();
  };
  ours.start(try_it(ours, server));
  ASSERT_TRUE(until([&] { return error.has_value(); }));
  EXPECT_EQ(*error, ConnectError::refused);
  ours.start(try_it(ours, *Endpoint::parse("192.0.2.1:80")));  // at once
  EXPECT_EQ(*error, ConnectError::no_route);
}

TEST_F(SchedulerTest, SendingWaitsForWhoReads) {
  connect();
  const std::size_t much = 3'000'000;
  ours.start(send_text(*client, std::string(much, 'x')));
  turns(20);
  EXPECT_FALSE(outcome);
  std::size_t received = 0;
  const auto read = [&](TcpStream& stream) -> Task<> {
    while (const TcpBuffer buffer = co_await stream.receive()) received += buffer.bytes().size();
  };
  theirs.start(read(*served));
  ASSERT_TRUE(until([&] { return received == much; }));
  EXPECT_TRUE(outcome && *outcome);
}

TEST_F(SchedulerTest, SendingWaitsForPacketsWhereThereAreNone) {
  connect();
  std::vector<TcpBuffer> hoard;
  while (TcpBuffer buffer = client->connection().allocate(1)) hoard.push_back(std::move(buffer));
  ours.start(send_text(*client, "at last"));
  turns(5);
  EXPECT_FALSE(outcome);
  hoard.clear();
  ASSERT_TRUE(until([this] { return outcome.has_value(); }));
  EXPECT_TRUE(*outcome);
}

TEST_F(SchedulerTest, EveryWaitDiesWithItsScheduler) {
  connect();
  auto second = std::make_unique<Scheduler>(our_queue);
  const auto hang = [](Scheduler& scheduler, Endpoint nobody) -> Task<> {
    const auto stream = co_await scheduler.connect_tcp(nobody);
  };
  const auto listen = [](TcpAcceptor listening) -> Task<> {
    while (co_await listening.accept()) continue;
  };
  second->start(hang(*second, *Endpoint::parse("10.0.0.77:80")));
  second->start(listen(*second->listen_tcp(81)));
  second.reset();
  ours.start(receive_into(*client));
  ours.start(send_text(*client, std::string(2'000'000, 'x')));
  turns(3);
}

TEST_F(SchedulerTest, RunsUntilNoTaskIsLeft) {
  int done = 0;
  const auto task = [&](Scheduler&) -> Task<> {
    ++done;
    co_return;
  };
  ours.start(task(ours));
  ours.run();
  EXPECT_EQ(done, 1);

  acceptor.emplace(*ours.listen_tcp(82));
  const auto forever = [&](TcpAcceptor& listening) -> Task<> {
    while (co_await listening.accept()) continue;
  };
  const auto stop = [&](Scheduler& scheduler) -> Task<> {
    scheduler.stop();
    co_return;
  };
  ours.start(forever(*acceptor));
  ours.start(stop(ours));
  ours.run_once(Duration{});
  EXPECT_EQ(done, 1);
  acceptor.reset();
  ours.run();  // the one that waited is done
}

}  // namespace
}  // namespace arrakis::runtime
