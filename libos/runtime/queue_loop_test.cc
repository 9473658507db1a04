#include "libos/runtime/queue_loop.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "extaris/packet/eal.h"
#include "libos/runtime/fake_device.h"

namespace arrakis::runtime {
namespace {

using testing::FakeDevice;

class QueueLoopTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(extaris::start_eal()); }

  static extaris::StackConfig config() {
    return {.addresses = {*IpPrefix::parse("10.0.0.2/24")}, .seed = 1};
  }

  FakeDevice::Handle device_;
  QueueLoop loop_{std::make_unique<FakeDevice>(device_), config()};
};

Duration cpu_time_of_this_thread() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  const auto ns = [](timeval t) { return t.tv_sec * 1'000'000'000 + t.tv_usec * 1'000; };
  return {ns(usage.ru_utime) + ns(usage.ru_stime)};
}

TEST_F(QueueLoopTest, IdleCostsNothing) {
  loop_.set_spin(QueueLoop::spin_default);
  const Duration before = cpu_time_of_this_thread();
  EXPECT_EQ(loop_.wait(Duration::seconds(1)), 0u);
  EXPECT_LT(cpu_time_of_this_thread() - before, Duration::milliseconds(20)) << "2 %";
}

TEST_F(QueueLoopTest, WaitsForItsTimeout) {
  const MonotonicClock clock;
  for (const Duration spin : {Duration{}, Duration::microseconds(10), Duration::max()}) {
    loop_.set_spin(spin);
    const Instant begun = clock();
    EXPECT_EQ(loop_.wait(Duration::milliseconds(5)), 0u);
    EXPECT_GE(clock() - begun, Duration::milliseconds(5)) << spin.ns;
  }
  EXPECT_EQ(loop_.wait(Duration{}), 0u);
}

TEST_F(QueueLoopTest, ReturnsWhatIsThereAtOnce) {
  device_.waiting = 3;
  EXPECT_EQ(loop_.wait(), 3u);
  EXPECT_EQ(device_.arms, 0);
}

TEST_F(QueueLoopTest, SpinsBeforeItSleeps) {
  loop_.set_spin(Duration::max());
  EXPECT_EQ(loop_.wait(Duration::milliseconds(2)), 0u);
  EXPECT_EQ(device_.arms, 0);
  EXPECT_GT(device_.receives, 10);

  loop_.set_spin(Duration{});
  device_.receives = 0;
  EXPECT_EQ(loop_.wait(Duration::milliseconds(2)), 0u);
  EXPECT_GE(device_.arms, 1);
  EXPECT_EQ(device_.arms, device_.disarms);
  EXPECT_LE(device_.receives, 3 * device_.arms);
}

TEST_F(QueueLoopTest, WakesByItsDoorbell) {
  loop_.set_spin(Duration{});
  std::thread peer{[this] {
    while (!device_.armed) std::this_thread::yield();
    device_.waiting = 1;
    device_.ring();
  }};
  EXPECT_EQ(loop_.wait(), 1u);
  peer.join();
  EXPECT_FALSE(device_.armed);
}

TEST_F(QueueLoopTest, MissesNothingThatComesWhileItArms) {
  loop_.set_spin(Duration{});
  device_.on_arm = [this] { device_.waiting = 1; };  // too early for a ring
  EXPECT_EQ(loop_.wait(), 1u);
  EXPECT_FALSE(device_.armed);
}

TEST_F(QueueLoopTest, SleepsOnAfterARingForNothing) {
  loop_.set_spin(Duration{});
  device_.ring();
  EXPECT_EQ(loop_.wait(Duration::milliseconds(5)), 0u);
  EXPECT_GE(device_.arms, 2);
}

TEST_F(QueueLoopTest, ReturnsWhenASignalWakesIt) {
  struct sigaction before{}, quiet{};
  quiet.sa_handler = [](int) {};  // without SA_RESTART
  ::sigaction(SIGUSR1, &quiet, &before);
  loop_.set_spin(Duration{});
  std::atomic<bool> done{false};
  const pthread_t sleeper = pthread_self();
  std::thread peer{[&] {
    while (!done) {
      pthread_kill(sleeper, SIGUSR1);  // again: one that comes before the sleep is not seen
      std::this_thread::yield();
    }
  }};
  EXPECT_EQ(loop_.wait(), 0u);
  done = true;
  peer.join();
  ::sigaction(SIGUSR1, &before, nullptr);
}

TEST_F(QueueLoopTest, SpinsWhereThereIsNoDoorbell) {
  device_.bell = {};
  loop_.set_spin(Duration{});
  EXPECT_EQ(loop_.wait(Duration::milliseconds(5)), 0u);
  EXPECT_EQ(device_.arms, 0);
}

TEST_F(QueueLoopTest, DoesNotSpinOnABrokenDoorbell) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  ::close(ends[1]);
  device_.bell = extaris::Descriptor{ends[0]};  // POLLHUP for ever
  loop_.set_spin(Duration{});
  EXPECT_EQ(loop_.wait(Duration::milliseconds(250)), 0u);
  EXPECT_LE(device_.arms, 10);
}

TEST_F(QueueLoopTest, LooksAfterALinkThatIsDown) {
  device_.link_up = false;
  const auto deadline = loop_.next_deadline();
  ASSERT_TRUE(deadline);
  EXPECT_LE(*deadline, QueueLoop::link_check);
  EXPECT_GE(*deadline, Duration{});
}

TEST_F(QueueLoopTest, ServesAnEventLoopOfTheProgram) {
  EXPECT_TRUE(loop_.arm());
  EXPECT_TRUE(device_.armed);
  device_.waiting = 2;
  EXPECT_EQ(loop_.poll(), 2u);
  EXPECT_FALSE(device_.armed);

  device_.waiting = 1;
  EXPECT_FALSE(loop_.arm()) << "a packet is there already";
  EXPECT_FALSE(device_.armed);
}

}  // namespace
}  // namespace arrakis::runtime
