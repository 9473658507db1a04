// The loops on virtual time: a wire that answers after 10 us, and loses, doubles or delays what the
// test says.
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "bench/load/closed_loop.h"
#include "bench/load/open_loop.h"
#include "bench/load/session.h"

namespace arrakis::bench {
namespace {

struct Fate {
  unsigned copies = 1;
  Duration delay = Duration::microseconds(10);
};

class VirtualWire {
 public:
  std::function<Fate(std::uint64_t nth)> fate = [](std::uint64_t) { return Fate{}; };
  std::function<void(std::uint64_t nth, std::vector<std::byte>&)> server =
      [](std::uint64_t, std::vector<std::byte>&) {};
  std::size_t in_flight_max = 0;

  Instant now() { return clock_ = clock_ + Duration{100}; }

  template <class Handle>
  void poll(Handle&& handle) {
    const Instant seen = now();
    for (std::size_t i = 0; i < on_the_way_.size();) {
      if (on_the_way_[i].due > seen) {
        ++i;
        continue;
      }
      std::vector<std::byte> payload = std::move(on_the_way_[i].payload);
      on_the_way_.erase(on_the_way_.begin() + static_cast<std::ptrdiff_t>(i));
      if (handle(seen, std::span<std::byte>{payload})) carry(payload);
    }
  }

  template <class Fill>
  bool send(std::size_t bytes, Fill&& fill) {
    std::vector<std::byte> payload(bytes);
    fill(std::span<std::byte>{payload});
    carry(payload);
    return true;
  }
  void flush() {}

 private:
  struct Answer {
    Instant due;
    std::vector<std::byte> payload;
  };

  void carry(std::vector<std::byte> payload) {
    const std::uint64_t nth = sent_++;
    const Fate what = fate(nth);
    server(nth, payload);
    for (unsigned i = 0; i < what.copies; ++i)
      on_the_way_.push_back({clock_ + what.delay, payload});
    in_flight_max = std::max(in_flight_max, on_the_way_.size());
  }

  Instant clock_{1'000'000};
  std::uint64_t sent_ = 0;
  std::deque<Answer> on_the_way_;
};
static_assert(Transport<VirtualWire>);

const auto no_tick = [](double) {};
constexpr Timing short_timing{.warm_up = Duration::microseconds(500),
                              .measured = Duration::milliseconds(10),
                              .loss_timeout = Duration::milliseconds(1)};

TEST(ClosedLoop, KeepsItsNumberOnTheWay) {
  VirtualWire wire;
  const Measurement m = ClosedLoop{wire, Case{.outstanding = 8}, short_timing}.run(no_tick);
  EXPECT_EQ(wire.in_flight_max, 8u);
  EXPECT_EQ(m.lost, 0u);
  EXPECT_EQ(m.unasked, 0u);
  // 8 every 10 us and a little for the clock, for 10 ms.
  EXPECT_NEAR(m.throughput(), 8.0 / 10e-6, 0.1 * 8.0 / 10e-6);
  EXPECT_NEAR(m.latency_ns->mean(), 10'000, 500);
}

TEST(ClosedLoop, ALostRequestIsSentAgainAndCostsItsTimeOut) {
  VirtualWire wire;
  wire.fate = [](std::uint64_t nth) { return Fate{.copies = nth == 100 ? 0u : 1u}; };
  const Measurement m = ClosedLoop{wire, Case{.outstanding = 1}, short_timing}.run(no_tick);
  EXPECT_EQ(m.lost, 1u);
  EXPECT_EQ(m.unasked, 0u);
  EXPECT_GE(m.latency_ns->max(), 1'000'000u);
  EXPECT_GT(m.latency_ns->count(), 500u) << "the loop went on";
}

TEST(ClosedLoop, AnswersTwiceOrTooLateAreNotTakenForNewOnes) {
  VirtualWire wire;
  wire.fate = [](std::uint64_t nth) {
    if (nth == 50) return Fate{.copies = 2};
    if (nth == 80) return Fate{.delay = Duration::milliseconds(2)};
    return Fate{};
  };
  const Measurement m = ClosedLoop{wire, Case{.outstanding = 4}, short_timing}.run(no_tick);
  EXPECT_EQ(m.lost, 1u);
  EXPECT_EQ(m.unasked, 2u);
  EXPECT_LE(wire.in_flight_max, 6u) << "a second answer must not become a second request";
}

TEST(ClosedLoop, DamagedAnswersAreNotCounted) {
  VirtualWire wire;
  wire.server = [](std::uint64_t nth, std::vector<std::byte>& payload) {
    if (nth == 20) payload.pop_back();
    if (nth == 40) payload[0] ^= std::byte{1};
    if (nth == 60) payload[8] ^= std::byte{1};
  };
  const Measurement m = ClosedLoop{wire, Case{.outstanding = 2}, short_timing}.run(no_tick);
  EXPECT_EQ(m.unasked, 3u);
  EXPECT_EQ(m.lost, 3u);
}

TEST(OpenLoop, KeepsItsRate) {
  VirtualWire wire;
  const Measurement m = OpenLoop{wire, Case{.rate = 100'000}, short_timing}.run(no_tick);
  EXPECT_EQ(m.lost, 0u);
  EXPECT_NEAR(static_cast<double>(m.sent), 1050, 2);
  EXPECT_NEAR(m.throughput(), 100'000, 500);
}

// A server that stalls for 5 ms: a generator that waits for it would see one slow request, but the
// five hundred that were due meanwhile all had to wait.
TEST(OpenLoop, AStallIsChargedToEveryRequestThatWasDue) {
  VirtualWire wire;
  wire.fate = [](std::uint64_t nth) {
    if (nth < 200 || nth >= 700) return Fate{};
    const auto left = static_cast<std::int64_t>(700 - nth);  // until the stall is over
    return Fate{.delay = Duration::microseconds(10 * left + 10)};
  };
  Timing patient = short_timing;
  patient.loss_timeout = Duration::milliseconds(20);
  const Measurement m = OpenLoop{wire, Case{.rate = 100'000}, patient}.run(no_tick);
  EXPECT_EQ(m.lost, 0u);
  EXPECT_GE(m.latency_ns->max(), 4'900'000u);
  EXPECT_GE(m.latency_ns->value_at(0.7), 1'000'000u);
}

TEST(OpenLoop, LostRequestsAreCountedAndNotSentAgain) {
  VirtualWire wire;
  wire.fate = [](std::uint64_t nth) { return Fate{.copies = nth % 10 == 0 ? 0u : 1u}; };
  const Measurement m = OpenLoop{wire, Case{.rate = 100'000}, short_timing}.run(no_tick);
  EXPECT_NEAR(static_cast<double>(m.sent), 1050, 2);
  EXPECT_NEAR(static_cast<double>(m.lost), 105, 1);
}

TEST(Session, ASilentServerIsAnError) {
  VirtualWire wire;
  wire.fate = [](std::uint64_t) { return Fate{.copies = 0}; };
  EXPECT_FALSE(measure(wire, Case{}, short_timing, no_tick));
}

TEST(Session, AServerThatOnlyEchoesHasNoCounters) {
  VirtualWire wire;
  const auto m = measure(wire, Case{}, short_timing, no_tick);
  ASSERT_TRUE(m);
  EXPECT_FALSE(m->server);
  EXPECT_GT(m->latency_ns->count(), 0u);
}

TEST(Case, IsReadFromText) {
  const auto closed = parse_case("64x8");
  ASSERT_TRUE(closed);
  EXPECT_EQ(closed->bytes, 64u);
  EXPECT_EQ(closed->outstanding, 8u);
  EXPECT_FALSE(closed->is_open());
  const auto idle = parse_case("64x8/1000");
  ASSERT_TRUE(idle);
  EXPECT_EQ(idle->outstanding, 8u);
  EXPECT_EQ(idle->connections(), 1000u);

  const auto open = parse_case("1024@50000+16");
  ASSERT_TRUE(open);
  EXPECT_EQ(open->rate, 50'000u);
  EXPECT_EQ(open->work_us, 16u);
}

TEST(Case, NonsenseIsRefused) {
  for (const char* text : {"64x8/7", "", "x", "64", "64x", "64x0", "x8", "64x8+", "64x8 ", "64@0",
                           "8x8", "9999x1", "64x9999999", "64x-1", "64x8+99999999", "64x8+1x"})
    EXPECT_FALSE(parse_case(text)) << text;
}

}  // namespace
}  // namespace arrakis::bench
