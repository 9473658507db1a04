// The rate specifier, held outside the application's reach.
#include <gtest/gtest.h>
#include <sched.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "control-plane/providers/xdp/test_namespace.h"

namespace arrakis::control::xdp {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr double tolerance = 0.05;
constexpr double full_bucket_seconds = 0.02;

struct Measured {
  double bits;             // that passed
  double seconds;          // from the first frame to the last
  double offered_seconds;  // of them, those in which the bucket did not lie full and unused
};

class XdpRate : public NamespaceTest {
 protected:
  void SetUp() override {
    NamespaceTest::SetUp();
    const sched_param first{.sched_priority = 10};
    sched_setscheduler(0, SCHED_FIFO, &first);  // fewer gaps; those that remain are measured
  }

  // Offers twice the rate in small bursts. A gap longer than the bucket is deep lets credit go to
  // waste, on any machine and by design, so it is taken off the time that counts.
  Measured offer(TestApp& app, double bits_per_second, double seconds) {
    const Bytes frame = ethernet(mac_of("ark-vf0"), app.spec().mac, 0x0800,
                                 udp(v4_of(app.spec()), gateway_v4, {7, 9}, Bytes(1472)));
    const double burst_bits = 16.0 * 8 * static_cast<double>(frame.size());
    const Seconds pause{burst_bits / bits_per_second / 2};
    const auto bytes_before = counters(app).transmitted_bytes;
    const auto start = Clock::now();
    auto last = start;
    double offered = 0;
    while (Seconds{Clock::now() - start}.count() < seconds) {
      for (int i = 0; i < 16; ++i) app.socket().queue(frame);
      app.socket().kick();
      const auto now = Clock::now();
      offered += std::min(Seconds{now - last}.count(), full_bucket_seconds);
      last = now;
      std::this_thread::sleep_for(pause);
    }
    const auto bytes = counters(app).transmitted_bytes - bytes_before;
    return {static_cast<double>(bytes) * 8, Seconds{last - start}.count(), offered};
  }

  void expect_rate(TestApp& app, double bits_per_second) {
    const Measured measured = offer(app, bits_per_second, 1.0);
    const double bucket_bits = bits_per_second * full_bucket_seconds;
    std::printf("%.0f Mb/s wanted: %.2f Mb/s over %.3f s, of them %.3f s with frames on offer\n",
                bits_per_second / 1e6, measured.bits / measured.seconds / 1e6, measured.seconds,
                measured.offered_seconds);
    EXPECT_LE(measured.bits, bits_per_second * measured.seconds * (1 + tolerance) + bucket_bits);
    EXPECT_GE(measured.bits, bits_per_second * measured.offered_seconds * (1 - tolerance));
  }
};

TEST_F(XdpRate, HoldsWithinFivePercentAndChangesLive) {
  VnicSpec spec = test_vnic("vf0", 2);
  spec.rate = {100'000'000};
  TestApp app = start(spec);
  expect_rate(app, 100e6);
  EXPECT_GT(counters(app).over_rate, 0u);

  ASSERT_TRUE(provider_.set_rate(spec, {40'000'000}));
  expect_rate(app, 40e6);

  ASSERT_TRUE(provider_.set_rate(spec, {}));
  const auto dropped = counters(app).over_rate;
  offer(app, 200e6, 0.2);
  EXPECT_EQ(counters(app).over_rate, dropped) << "without a limit nothing is dropped";
}

TEST_F(XdpRate, OneVnicsRateIsNotItsNeighbours) {
  VnicSpec slow = test_vnic("vf0", 2);
  slow.rate = {1'000'000};
  TestApp a = start(slow), b = start(test_vnic("vf1", 3));
  offer(a, 50e6, 0.1);
  const MacAddress host = mac_of("ark-vf1");
  for (int i = 0; i < 1000; ++i) b.send_udp(host, gateway_v4, {7, 9}, "free");
  EXPECT_GT(counters(a).over_rate, 0u);
  EXPECT_EQ(counters(b).over_rate, 0u);
  EXPECT_EQ(counters(b).transmitted_packets, 1000u);
}

}  // namespace
}  // namespace arrakis::control::xdp
