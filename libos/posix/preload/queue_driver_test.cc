// Threads that wait, on a device that sends every datagram back: one drives, the others sleep, and
// who drives goes without anybody noticing.
#include "libos/posix/preload/queue_driver.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <deque>
#include <thread>
#include <vector>

#include "extaris/netdev/frame_echo.h"
#include "extaris/packet/eal.h"
#include "libos/posix/calls.h"
#include "libos/runtime/builder.h"

namespace arrakis::posix {
namespace {

constexpr MacAddress mac{{2, 0, 0, 0, 0, 1}};
const IpAddress ours = *IpAddress::parse("10.0.0.1");
const IpAddress peer = *IpAddress::parse("10.0.0.2");

// What is transmitted is received, turned around; who sleeps is rung for it.
class Mirror final : public extaris::NetDevice {
 public:
  explicit Mirror(extaris::PacketPool& pool) : pool_{pool} {}
  Mirror(const Mirror&) = delete;
  Mirror& operator=(const Mirror&) = delete;
  ~Mirror() override { ::close(bell_); }

  const extaris::DeviceInfo& info() const noexcept override { return info_; }
  extaris::PacketPool& pool() noexcept override { return pool_; }
  void receive(extaris::Burst& burst) noexcept override {
    for (; !inbox_.empty() && !burst.full(); inbox_.pop_front())
      burst.append(std::move(inbox_.front()));
  }
  void transmit(extaris::Burst& burst) noexcept override {
    for (std::size_t i = 0; i < burst.size(); ++i) {
      extaris::Packet frame = burst.take(i);
      if (extaris::turn_around(bytes(frame))) inbox_.push_back(std::move(frame));
    }
    burst.clear();
    if (is_armed_) ::eventfd_write(bell_, 1);
  }
  int doorbell() const noexcept override { return bell_; }
  void arm_doorbell() noexcept override { is_armed_ = true; }
  void disarm_doorbell() noexcept override {
    is_armed_ = false;
    eventfd_t count = 0;
    ::eventfd_read(bell_, &count);
  }

 private:
  extaris::DeviceInfo info_{.mac = mac};
  extaris::PacketPool& pool_;
  std::deque<extaris::Packet> inbox_;
  int bell_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  bool is_armed_ = false;
};

class QueueDriverTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(extaris::start_eal()); }
  QueueDriverTest() {
    const Lock lock = host.lock();
    host.start(queue.stack(), {ours});
    driver.start(host, queue, queue.doorbell());
  }

  // A socket of UDP whose peer is the mirror.
  int connected() {
    const int fd = *calls.socket(AF_INET, SOCK_DGRAM, 0);
    sockaddr_in to{};
    socklen_t length = sizeof(to);
    auto* address = reinterpret_cast<sockaddr*>(&to);
    write_address(Family::v4, {peer, 7}, address, &length);
    EXPECT_TRUE(calls.connect(fd, {address, length}));
    return fd;
  }
  void echo(int fd, std::uint32_t number) {
    iovec part{&number, sizeof(number)};
    ASSERT_TRUE(calls.send(fd, {&part, 1}, 0));
    std::uint32_t back = ~number;
    part.iov_base = &back;
    const auto count = calls.receive(fd, {&part, 1}, 0);
    ASSERT_TRUE(count) << static_cast<int>(count.error());
    EXPECT_EQ(back, number);
  }

  extaris::PacketPool pool = *extaris::PacketPool::create({.packets = 2048});
  QueueDriver driver{Duration{}};  // it does not spin, so it sleeps at once
  Host host{driver, {}};
  Queue queue = QueueBuilder::build(
      std::make_unique<Mirror>(pool),
      {.addresses = {{ours, 24}}, .routes = {}, .neighbors = {{peer, mac}}, .seed = 1});
  Calls calls{host};
};

TEST_F(QueueDriverTest, OneThreadSleepsOnTheDoorbell) {
  const int fd = connected();
  for (std::uint32_t n = 0; n < 100; ++n) echo(fd, n);
}

TEST_F(QueueDriverTest, ManyThreadsShareTheQueue) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([this] {
      const int fd = connected();
      for (std::uint32_t n = 0; n < 300; ++n) echo(fd, n);
      EXPECT_TRUE(calls.close(fd));
    });
  for (std::thread& thread : threads) thread.join();
}

TEST_F(QueueDriverTest, OneSocketInManyHands) {
  const int fd = connected();
  std::vector<std::thread> threads;
  std::atomic<int> received = 0;
  for (int i = 0; i < 6; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < 100; ++n) {
        std::uint32_t number = 1;
        const iovec part{&number, sizeof(number)};
        EXPECT_TRUE(calls.send(fd, {&part, 1}, 0));
        if (calls.receive(fd, {&part, 1}, 0)) ++received;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(received, 600);
}

TEST_F(QueueDriverTest, WhoSleepsIsWokenByAnotherThreadsCall) {
  const int fd = connected();
  const int set = *calls.epoll_create(0);
  epoll_event event{.events = EPOLLIN, .data = {.u64 = 42}};
  ASSERT_TRUE(calls.epoll_ctl(set, EPOLL_CTL_ADD, fd, &event));
  std::thread waiter{[&] {
    epoll_event told{};
    EXPECT_EQ(calls.epoll_wait(set, {&told, 1}, std::nullopt).value_or(-1), 1);
    EXPECT_EQ(told.data.u64, 42u);
  }};
  const iovec part{&event, 1};
  EXPECT_TRUE(calls.send(fd, {&part, 1}, 0));
  waiter.join();
}

TEST_F(QueueDriverTest, TimeoutsEnd) {
  const int fd = connected();
  pollfd look{.fd = fd, .events = POLLIN, .revents = 0};
  EXPECT_EQ(calls.poll({&look, 1}, Duration::milliseconds(5)).value_or(-1), 0);
}

}  // namespace
}  // namespace arrakis::posix
