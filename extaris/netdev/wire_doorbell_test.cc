#include "extaris/netdev/wire_doorbell.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <memory>
#include <thread>

namespace arrakis::extaris {
namespace {

Descriptor page(int seals, off_t page_bytes = 4096) {
  Descriptor fd{memfd_create("doorbell", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  EXPECT_EQ(ftruncate(fd.get(), page_bytes), 0);
  EXPECT_EQ(fcntl(fd.get(), F_ADD_SEALS, seals), 0);
  return fd;
}

struct Ends {
  Descriptor memory = page(F_SEAL_SHRINK);
  std::array<Descriptor, 2> bells;

  Ends() {
    int pair[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair), 0);
    bells = {Descriptor{pair[0]}, Descriptor{pair[1]}};
  }
  WireDoorbell end(unsigned i) {
    return *WireDoorbell::attach(
        {Descriptor{dup(memory.get())}, Descriptor{dup(bells[i].get())}, i});
  }
};

bool readable(const WireDoorbell& doorbell, int wait_ms = 0) {
  pollfd fd{.fd = doorbell.descriptor(), .events = POLLIN, .revents = 0};
  return poll(&fd, 1, wait_ms) == 1;
}

TEST(WireDoorbell, RingsOnlyWhoAsked) {
  Ends ends;
  WireDoorbell a = ends.end(0), b = ends.end(1);
  a.ring();
  EXPECT_FALSE(readable(b));
  b.arm();
  EXPECT_FALSE(readable(b));
  a.ring();
  EXPECT_TRUE(readable(b));
  EXPECT_FALSE(readable(a));
}

TEST(WireDoorbell, OneSleepIsRungOnce) {
  Ends ends;
  WireDoorbell a = ends.end(0), b = ends.end(1);
  b.arm();
  for (int i = 0; i < 10; ++i) a.ring();
  ASSERT_EQ(recv(b.descriptor(), nullptr, 0, MSG_DONTWAIT), 0);
  EXPECT_EQ(recv(b.descriptor(), nullptr, 0, MSG_DONTWAIT), -1);
}

TEST(WireDoorbell, DisarmingEmptiesTheDescriptor) {
  Ends ends;
  WireDoorbell a = ends.end(0), b = ends.end(1);
  b.arm();
  a.ring();
  b.disarm();
  EXPECT_FALSE(readable(b));
  a.ring();
  EXPECT_FALSE(readable(b));
}

TEST(WireDoorbell, WakesThePeerUnasked) {
  Ends ends;
  WireDoorbell a = ends.end(0), b = ends.end(1);
  a.wake_peer();
  EXPECT_TRUE(readable(b));
}

TEST(WireDoorbell, RefusesAPageThatMayShrinkOrIsTooSmall) {
  for (Descriptor* fd : {new Descriptor{page(0)}, new Descriptor{page(F_SEAL_SHRINK, 64)}}) {
    const std::unique_ptr<Descriptor> owner{fd};
    EXPECT_FALSE(WireDoorbell::attach({std::move(*fd), Descriptor{}, 0}));
  }
  EXPECT_FALSE(WireDoorbell::attach({}));
}

TEST(WireDoorbell, AHostilePageOnlyRingsNeedlessly) {
  Ends ends;
  WireDoorbell a = ends.end(0), b = ends.end(1);
  void* memory = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ends.memory.get(), 0);
  ASSERT_NE(memory, MAP_FAILED);
  std::memset(memory, 0xff, 4096);
  a.ring();
  EXPECT_TRUE(readable(b));
  b.ring();
  EXPECT_TRUE(readable(a));
  munmap(memory, 4096);
}

// Would never return if it could block.
TEST(WireDoorbell, APeerThatNeverListensBlocksNobody) {
  Ends ends;
  WireDoorbell a = ends.end(0), b = ends.end(1);
  for (int i = 0; i < 10'000; ++i) a.wake_peer();
  EXPECT_TRUE(readable(b));
}

TEST(WireDoorbell, APeerThatShutsItsBellOrGoesWakesNobody) {
  Ends ends;
  WireDoorbell b = ends.end(1);
  ASSERT_EQ(shutdown(ends.bells[0].get(), SHUT_RDWR), 0);
  b.arm();
  EXPECT_FALSE(readable(b));
  ends.bells[0] = Descriptor{};
  EXPECT_FALSE(readable(b));
  b.wake_peer();  // and raises no SIGPIPE
}

// A consumer that sleeps whenever it finds nothing, against a producer that never looks back. If a
// wake-up could be lost, the consumer would sleep with work waiting: poll() times out and fails.
TEST(WireDoorbell, NoWakeUpIsLost) {
  constexpr std::uint32_t items = 200'000;
  constexpr int lost_ms = 30'000;
  Ends ends;
  WireDoorbell producer = ends.end(0), consumer = ends.end(1);
  std::atomic<std::uint32_t> published{0};  // stands for the ring's head
  std::atomic<std::uint32_t> wanted{0};     // the producer keeps the consumer short of work

  std::thread sender{[&] {
    for (std::uint32_t i = 1; i <= items; ++i) {
      // Close behind the consumer, so that most items meet it about to sleep.
      while (wanted.load(std::memory_order_acquire) + 2 < i) std::this_thread::yield();
      published.store(i, std::memory_order_release);
      producer.ring();
    }
  }};
  std::uint32_t seen = 0;
  std::uint64_t sleeps = 0;
  bool lost = false;
  while (seen < items && !lost) {
    const auto look = [&] {
      const std::uint32_t now = published.load(std::memory_order_acquire);
      const bool some = now != seen;
      seen = now;
      wanted.store(seen, std::memory_order_release);
      return some;
    };
    if (look()) continue;
    consumer.arm();
    if (!look()) {
      ++sleeps;
      lost = !readable(consumer, lost_ms);
    }
    consumer.disarm();
  }
  wanted.store(items, std::memory_order_release);  // lets the sender finish in any case
  sender.join();
  EXPECT_FALSE(lost) << "slept with " << published.load() - seen << " items waiting";
  EXPECT_GT(sleeps, 0u);
}

}  // namespace
}  // namespace arrakis::extaris
