// The echoing side runs in a child process that has given up root and every capability before it
// touches the device: what works here works for an application.
#include "extaris/netdev/xdp_device.h"

#include <grp.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <functional>
#include <vector>

#include "extaris/netdev/frame_echo.h"
#include "extaris/netdev/xdp_test_bed.h"
#include "extaris/packet/bytes.h"
#include "extaris/packet/eal.h"

namespace arrakis::extaris {
namespace {

constexpr uid_t nobody = 65534;
using FrameBytes = std::array<std::byte, 64>;

bool give_up_root() {
  return setgroups(0, nullptr) == 0 && setresgid(nobody, nobody, nobody) == 0 &&
         setresuid(nobody, nobody, nobody) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

bool has_no_capability() {
  std::FILE* status = std::fopen("/proc/self/status", "r");
  char line[256];
  bool none = false;
  while (status != nullptr && std::fgets(line, sizeof(line), status) != nullptr)
    none = none || std::strcmp(line, "CapEff:\t0000000000000000\n") == 0;
  if (status != nullptr) std::fclose(status);
  return none;
}

std::size_t all_of(const XdpFrames& frames) {
  return frames.in_pool + frames.to_receive + frames.to_transmit;
}

// Runs `serve` with the device in an unprivileged child. It ends when `stop` is closed at our end.
class Child {
 public:
  using Serve = std::function<bool(XdpDevice&, int stop)>;
  // Returns when the device can receive.
  Child(const XdpTestBed& bed, const Serve& serve) {
    int ready[2], stop[2];
    if (pipe(ready) != 0 || pipe(stop) != 0) return;
    pid_ = fork();
    if (pid_ == 0) {
      close(stop[1]);
      _exit(run(bed, serve, Descriptor{ready[1]}, stop[0]));
    }
    close(ready[1]);
    close(stop[0]);
    stop_ = Descriptor{stop[1]};
    char none = 0;
    const Descriptor wait{ready[0]};
    EXPECT_EQ(read(wait.get(), &none, 1), 0);
  }
  // 0: it served well.
  int finish() {
    stop_ = {};
    int status = -1;
    waitpid(pid_, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  static int run(const XdpTestBed& bed, const Serve& serve, Descriptor ready, int stop) {
    XdpOptions grant = bed.grant();
    if (!give_up_root() || !has_no_capability()) return 2;
    if (!start_eal()) return 3;
    auto device = XdpDevice::create(std::move(grant));
    if (!device) {
      std::fprintf(stderr, "%s\n", device.error().message.c_str());
      return 4;
    }
    ready = {};
    if (!serve(**device, stop)) return 5;
    // What is on its way out comes back; then every frame is accounted for.
    for (int i = 0; i < 5'000 && (*device)->frames().to_transmit > 0; ++i) {
      Burst burst;
      (*device)->receive(burst);
      poll(nullptr, 0, 1);
    }
    const XdpFrames frames = (*device)->frames();
    if (frames.to_transmit != 0) return 6;
    if (all_of(frames) != XdpTestBed::frame_count) return 7;
    return (*device)->counters().bad_descriptor == 0 ? 0 : 8;
  }

  pid_t pid_ = -1;
  Descriptor stop_;
};

bool over(int stop) {
  pollfd fd{.fd = stop, .events = POLLIN, .revents = 0};
  return poll(&fd, 1, 0) == 1;
}

bool echo_until_over(XdpDevice& device, int stop) {
  while (!over(stop))
    for (int i = 0; i < 256; ++i) echo_burst(device);
  return true;
}

bool sleep_and_echo(XdpDevice& device, int stop) {
  while (true) {
    while (echo_burst(device) > 0) continue;
    device.arm_doorbell();
    if (echo_burst(device) == 0) {
      std::array<pollfd, 2> fds{{{device.doorbell(), POLLIN, 0}, {stop, POLLIN, 0}}};
      if (poll(fds.data(), fds.size(), -1) < 0) return false;
      if (fds[1].revents != 0) return true;
    }
    device.disarm_doorbell();
  }
}

// Answers with a packet that is not of the device's pool.
bool echo_copies(XdpDevice& device, int stop) {
  auto other = PacketPool::create({.packets = 64, .buffer_bytes = 4096});
  if (!other) return false;
  while (!over(stop)) {
    Burst in, out;
    device.receive(in);
    for (std::size_t i = 0; i < in.size() && !out.full(); ++i) {
      const Packet packet = in.take(i);
      Packet answer = other->allocate();
      if (!answer) continue;
      resize(answer, size(packet));
      std::memcpy(bytes(answer).data(), bytes(packet).data(), size(packet));
      turn_around(bytes(answer));
      out.append(std::move(answer));
    }
    device.transmit(out);
  }
  return other->available() == other->capacity() && device.counters().oversized == 0;
}

FrameBytes numbered(std::uint32_t number) {
  FrameBytes frame{};
  frame[5] = std::byte{1};
  frame[0] = frame[6] = std::byte{2};
  frame[12] = std::byte{8};  // IPv4
  std::memcpy(frame.data() + 50, &number, sizeof(number));
  return frame;
}

// Sends `total` numbered frames, `window` at a time, and sees every one come back turned around.
void exchange(XdpTestBed& bed, std::uint32_t total, std::uint32_t window) {
  std::vector<bool> seen(total);
  std::uint32_t sent = 0, back = 0, silences = 0;
  while (back < total && silences < 60) {
    while (sent < total && sent - back < window) ASSERT_TRUE(bed.send(numbered(sent++)));
    FrameBytes frame;
    if (!bed.receive(frame, 500)) {
      ++silences;
      continue;
    }
    std::uint32_t number = total;
    std::memcpy(&number, frame.data() + 50, sizeof(number));
    ASSERT_LT(number, total);
    ASSERT_FALSE(seen[number]) << "frame " << number << " came back twice";
    ASSERT_EQ(frame[11], std::byte{1});
    seen[number] = true;
    ++back;
  }
  EXPECT_EQ(back, total);
}

class XdpDeviceTest : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "needs root, for a network namespace";
    const std::string error = bed_.build();
    ASSERT_EQ(error, "");
  }
  XdpTestBed bed_;
};

TEST_F(XdpDeviceTest, EchoesWithoutPrivilegeAndLosesNoFrame) {
  Child child{bed_, echo_until_over};
  exchange(bed_, 100'000, 64);
  EXPECT_EQ(child.finish(), 0);
}

TEST_F(XdpDeviceTest, SleepsOnItsDoorbell) {
  Child child{bed_, sleep_and_echo};
  exchange(bed_, 5'000, 1);
  EXPECT_EQ(child.finish(), 0);
}

TEST_F(XdpDeviceTest, CopiesPacketsOfOtherPools) {
  Child child{bed_, echo_copies};
  exchange(bed_, 5'000, 16);
  EXPECT_EQ(child.finish(), 0);
}

TEST_F(XdpDeviceTest, SurvivesAFloodThatItDoesNotFetch) {
  Child child{bed_, [](XdpDevice& device, int stop) {
                pollfd stopped{.fd = stop, .events = POLLIN, .revents = 0};
                if (poll(&stopped, 1, -1) != 1) return false;
                std::size_t got = 0;
                Burst burst;
                for (device.receive(burst); !burst.empty(); device.receive(burst)) {
                  got += burst.size();
                  burst.clear();
                }
                return got > 0 && got <= XdpTestBed::ring_size;
              }};
  for (std::uint32_t i = 0; i < 5'000; ++i) ASSERT_TRUE(bed_.send(numbered(i)));
  EXPECT_EQ(child.finish(), 0);
}

TEST_F(XdpDeviceTest, RefusesWhatItWasNotGranted) {
  Child child{bed_, [&](XdpDevice&, int) {
                XdpOptions wrong_size = bed_.grant();
                wrong_size.receive_size = 1u << 20;
                XdpOptions odd = bed_.grant();
                odd.fill_size = 500;
                XdpOptions small = bed_.grant();
                small.frame_count *= 2;
                XdpOptions no_socket = bed_.grant();
                no_socket.socket = Descriptor{dup(0)};
                return !XdpDevice::create(std::move(wrong_size)) &&
                       !XdpDevice::create(std::move(odd)) && !XdpDevice::create(std::move(small)) &&
                       !XdpDevice::create(std::move(no_socket));
              }};
  EXPECT_EQ(child.finish(), 0);
}

}  // namespace
}  // namespace arrakis::extaris
