#include "libos/runtime/outlook.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <thread>

#include "control-plane/protocol/sight_reader.h"
#include "extaris/packet/eal.h"
#include "libos/runtime/counter_values.h"
#include "libos/runtime/fake_device.h"
#include "libos/runtime/queue_loop.h"

namespace arrakis::runtime {
namespace {

using client::Question;
using client::Window;
using testing::FakeDevice;

extaris::Mapping memory_of(std::size_t bytes) {
  const extaris::Descriptor file{memfd_create("sight", MFD_CLOEXEC)};
  EXPECT_EQ(ftruncate(file.get(), static_cast<off_t>(bytes)), 0);
  return extaris::Mapping::of(file.get(), bytes);
}

bool is_readable(int fd) {
  pollfd look{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&look, 1, 0) == 1;
}

class OutlookTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(extaris::start_eal()); }

  // Asks, lets the loop poll, and returns the memory.
  extaris::Mapping answer_to(Question question, std::size_t bytes = sight::page_bytes) {
    extaris::Mapping memory = memory_of(bytes);
    question.memory = memory.bytes();
    EXPECT_TRUE(window_.ask(question, memory));
    loop_->poll();
    EXPECT_TRUE(window_.settle());
    return window_.memory_back();
  }

  Window window_{"vf0", 0};
  FakeDevice::Handle device_;
  std::optional<QueueLoop> loop_{
      std::in_place, std::make_unique<FakeDevice>(device_),
      extaris::StackConfig{.addresses = {*IpPrefix::parse("10.0.0.2/24")}, .seed = 1}, &window_};
};

TEST_F(OutlookTest, ShowsSockets) {
  auto udp = loop_->stack().bind_udp(*Endpoint::parse("10.0.0.2:53"));
  auto tcp = loop_->stack().listen_tcp({.address = {}, .port = 80}, {.backlog = 9});
  ASSERT_TRUE(udp && tcp);
  const auto memory = answer_to({.what = Question::What::sockets});
  const auto page = sight::read_sockets(memory.bytes());
  ASSERT_TRUE(page) << page.error();
  EXPECT_FALSE(page->next_cursor) << "one page holds them all";
  ASSERT_EQ(page->records.size(), 2u);
  EXPECT_EQ(page->records[0].state, sight::SocketState::listen);
  EXPECT_EQ(page->records[0].local_port, 80);
  EXPECT_EQ(page->records[0].send_queue, 9u);
  EXPECT_EQ(page->records[1].protocol, sight::Protocol::udp);
  EXPECT_EQ(page->records[1].local_address, IpAddress::parse("10.0.0.2")->v6().bytes);
}

TEST_F(OutlookTest, ACursorFromNowhereIsTheEnd) {
  for (const std::uint64_t cursor : {std::uint64_t{UINT64_MAX}, std::uint64_t{1} << 34}) {
    const auto memory = answer_to({.what = Question::What::sockets, .cursor = cursor});
    const auto page = sight::read_sockets(memory.bytes());
    ASSERT_TRUE(page);
    EXPECT_TRUE(page->records.empty() && !page->next_cursor);
  }
}

TEST_F(OutlookTest, ShowsCountersUnderTheirNames) {
  device_.waiting = 3;
  loop_->poll();
  const auto memory = answer_to({.what = Question::What::counters});
  const auto values = sight::read_counters(memory.bytes());
  ASSERT_TRUE(values);
  ASSERT_EQ(values->size(), sight::counter_table.size());
  EXPECT_EQ(sight::counter_table[0].name, "received_packets");
  EXPECT_EQ(values->front(), 3u);

  // The last ones are the reasons of drops, under the names that the stack has for them.
  const auto drops = std::span{sight::counter_table}.last(extaris::Counters{}.drops.size());
  for (std::size_t i = 0; i < drops.size(); ++i)
    EXPECT_EQ(drops[i].name, "drop." + std::string{to_string(static_cast<extaris::Drop>(i))});
}

TEST_F(OutlookTest, CapturesUntilToldToEnd) {
  auto ring = memory_of(sight::capture_bytes);
  extaris::Mapping none;
  ASSERT_TRUE(window_.ask(
      {.what = Question::What::begin_capture, .snap_bytes = 20, .memory = ring.bytes()}, none));
  device_.waiting = 2;
  loop_->poll();
  EXPECT_TRUE(window_.settle());
  sight::CaptureReader reader{ring.bytes()};
  for (int i = 0; i < 2; ++i) {
    const auto frame = reader.next();
    ASSERT_TRUE(frame && *frame);
    EXPECT_FALSE((*frame)->is_outgoing);
    EXPECT_EQ((*frame)->bytes.size(), 20u);
    EXPECT_EQ((*frame)->original_bytes, 60u);
    EXPECT_GT((*frame)->time_ns, 1'700'000'000'000'000'000u) << "since the epoch";
  }
  ASSERT_TRUE(window_.ask({.what = Question::What::end_capture}, none));
  loop_->poll();
  EXPECT_TRUE(window_.settle());
  device_.waiting = 1;
  loop_->poll();
  const auto nothing = reader.next();
  EXPECT_TRUE(nothing && !*nothing);
}

TEST_F(OutlookTest, WakesAQueueThatSleepsAndItsCallerSleepsOn) {
  loop_->set_spin(Duration{});
  std::atomic<bool> answered{false};
  std::thread asker{[&] {
    while (!device_.armed) std::this_thread::yield();
    auto memory = memory_of(sight::page_bytes);
    EXPECT_TRUE(window_.ask({.what = Question::What::counters, .memory = memory.bytes()}, memory));
    while (!window_.settle()) std::this_thread::yield();
    answered = true;
    device_.waiting = 1;
    device_.ring();
  }};
  EXPECT_EQ(loop_->wait(), 1u) << "the packet, not the question, is what it returns for";
  EXPECT_TRUE(answered);
  asker.join();
}

TEST_F(OutlookTest, RingsTheDoorbellOfAProgramsOwnEventLoop) {
  const int bell = loop_->doorbell();
  EXPECT_FALSE(is_readable(bell));
  auto memory = memory_of(sight::page_bytes);
  ASSERT_TRUE(window_.ask({.what = Question::What::counters, .memory = memory.bytes()}, memory));
  EXPECT_TRUE(is_readable(bell));
  loop_->poll();
  EXPECT_FALSE(is_readable(bell));
  device_.ring();
  EXPECT_TRUE(is_readable(bell));
}

TEST_F(OutlookTest, AQuestionCanBeWithdrawnAndAnotherAsked) {
  auto memory = memory_of(sight::page_bytes);
  const Question question{.what = Question::What::counters, .memory = memory.bytes()};
  ASSERT_TRUE(window_.ask(question, memory));
  extaris::Mapping other;
  EXPECT_FALSE(window_.ask(question, other)) << "one at a time";
  EXPECT_TRUE(window_.withdraw());
  EXPECT_TRUE(window_.memory_back());
  EXPECT_FALSE(is_readable(window_.bell())) << "nobody is to wake for nothing";
  loop_->poll();
  EXPECT_FALSE(window_.settle());
  (void)answer_to({.what = Question::What::counters});
}

TEST_F(OutlookTest, AnAnswerThatNobodyHeardDoesNotStandInTheWay) {
  (void)answer_to({.what = Question::What::counters});
  auto memory = memory_of(sight::page_bytes);
  ASSERT_TRUE(window_.ask({.what = Question::What::counters, .memory = memory.bytes()}, memory));
  loop_->poll();
  (void)answer_to({.what = Question::What::sockets});
}

TEST_F(OutlookTest, AQueueThatIsGoneIsAskedNothing) {
  loop_.reset();
  extaris::Mapping none;
  EXPECT_FALSE(window_.ask({.what = Question::What::counters}, none));
  EXPECT_EQ(window_.stage(), Window::Stage::closed);
}

}  // namespace
}  // namespace arrakis::runtime
