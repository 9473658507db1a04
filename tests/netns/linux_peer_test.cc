// The stack beside Linux's: what one sends, the other understands.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "extaris/packet/eal.h"
#include "extaris/stack/stack.h"
#include "tests/netns/clock.h"
#include "tests/netns/tap_device.h"

namespace arrakis::test {
namespace {

using extaris::Datagram;
using extaris::Stack;

constexpr std::uint16_t echo_port = 7;
constexpr auto patience = std::chrono::seconds(20);  // never needed unless something is wrong

std::vector<std::byte> pattern(std::size_t count) {
  std::vector<std::byte> bytes(count);
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<std::byte>(i * 13 + count);
  return bytes;
}

// A UDP socket of the kernel, connected, that never blocks.
class KernelSocket {
 public:
  KernelSocket(const char* address, std::uint16_t port) {
    sockaddr_storage storage{};
    socklen_t length = sizeof(sockaddr_in);
    auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
    if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
      v4->sin_family = AF_INET;
      v4->sin_port = htons(port);
    } else {
      inet_pton(AF_INET6, address, &v6->sin6_addr);
      v6->sin6_family = AF_INET6;
      v6->sin6_port = htons(port);
      length = sizeof(sockaddr_in6);
    }
    fd_ = socket(storage.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int large = 1 << 20;
    setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &large, sizeof(large));
    EXPECT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&storage), length), 0);
  }
  KernelSocket(const KernelSocket&) = delete;
  KernelSocket& operator=(const KernelSocket&) = delete;
  ~KernelSocket() { close(fd_); }

  bool send(const std::vector<std::byte>& payload) {
    return ::send(fd_, payload.data(), payload.size(), 0) == static_cast<ssize_t>(payload.size());
  }
  // Nothing: see errno.
  std::optional<std::vector<std::byte>> receive() {
    std::vector<std::byte> buffer(70'000);
    const ssize_t count = recv(fd_, buffer.data(), buffer.size(), 0);
    if (count < 0) return std::nullopt;
    buffer.resize(static_cast<std::size_t>(count));
    return buffer;
  }

 private:
  int fd_ = -1;
};

class LinuxPeer : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(extaris::start_eal()); }

  void SetUp() override {
    if (!TapDevice::enter_namespace()) GTEST_SKIP() << "needs root, for a network namespace";
    device_ = std::make_unique<TapDevice>(pool_);
    if (!device_->is_open()) GTEST_SKIP() << "needs /dev/net/tun";
    for (const char* command :
         {"link set lo up", "link set tap0 up", "addr add 10.9.0.2/24 dev tap0",
          "-6 addr add fd09::2/64 dev tap0 nodad"})
      ASSERT_EQ(std::system((std::string{"ip "} + command).c_str()), 0) << command;
    stack_ = std::make_unique<Stack>(
        *device_, extaris::StackConfig{.addresses = {*IpPrefix::parse("10.9.0.1/24"),
                                                     *IpPrefix::parse("fd09::1/64")},
                                       .routes = {},
                                       .neighbors = {},
                                       .seed = 1});
    echo_.emplace(std::move(*stack_->bind_udp({{}, echo_port})));
  }
  void TearDown() override {
    echo_.reset();
    stack_.reset();
  }

  // Runs the stack and its echo server until `done`; false: it took too long.
  bool run_until(const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < end) {
      const bool idle = stack_->poll(clock_now()) == 0;
      while (Datagram datagram = echo_->receive()) (void)echo_->reply(std::move(datagram));
      stack_->flush();
      if (done()) return true;
      if (idle) usleep(100);  // somebody else needs the processor to go on
    }
    return false;
  }

  // The exit status of a command that talks to the stack.
  int run_command(const std::string& command) {
    const pid_t child = fork();
    if (child == 0) {
      execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
      _exit(127);
    }
    int status = -1;
    if (!run_until([&] { return waitpid(child, &status, WNOHANG) == child; })) {
      kill(child, SIGKILL);
      waitpid(child, &status, 0);
      return -1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  extaris::PacketPool pool_ = *extaris::PacketPool::create({.packets = 1024});
  std::unique_ptr<TapDevice> device_;
  std::unique_ptr<Stack> stack_;
  std::optional<extaris::UdpSocket> echo_;
};

TEST_F(LinuxPeer, EchoesWhatKernelSocketsSend) {
  for (const char* address : {"10.9.0.1", "fd09::1"}) {
    KernelSocket socket{address, echo_port};
    for (const std::size_t size :
         std::initializer_list<std::size_t>{0, 1, 512, 1'452, 1'453, 1'472, 1'473, 9'000, 65'487}) {
      ASSERT_TRUE(socket.send(pattern(size)));
      std::optional<std::vector<std::byte>> answer;
      ASSERT_TRUE(run_until([&] { return (answer = socket.receive()).has_value(); }))
          << address << " " << size;
      EXPECT_TRUE(std::ranges::equal(*answer, pattern(size))) << address << " " << size;
    }
  }
}

TEST_F(LinuxPeer, AClosedPortIsRefusedBothWays) {
  for (const char* address : {"10.9.0.1", "fd09::1"}) {
    KernelSocket socket{address, 9};
    ASSERT_TRUE(socket.send(pattern(10)));
    EXPECT_TRUE(run_until([&] { return !socket.receive() && errno == ECONNREFUSED; })) << address;
  }
  auto ours = stack_->bind_udp({});
  for (const char* address : {"10.9.0.2", "fd09::2"}) {
    ASSERT_TRUE(ours->send(pattern(10), {*IpAddress::parse(address), 9}));
    std::optional<extaris::SocketError> error;
    EXPECT_TRUE(run_until([&] { return (error = ours->take_error()).has_value(); })) << address;
    EXPECT_EQ(error, extaris::SocketError::port_unreachable);
  }
}

TEST_F(LinuxPeer, AnswersPing) {
  for (const char* address : {"10.9.0.1", "fd09::1", "fe80::ff:fe00:1%tap0"})
    for (const char* size : {"56", "8000", "65000"})
      EXPECT_EQ(run_command(std::string{"ping -q -c 3 -i 0.01 -W 5 -s "} + size + " " + address +
                            " >/dev/null"),
                0)
          << address << " " << size;
}

TEST_F(LinuxPeer, IsFoundByTraceroute) {
  if (std::system("command -v traceroute >/dev/null") != 0) GTEST_SKIP() << "needs traceroute";
  for (const char* address : {"10.9.0.1", "fd09::1"})
    EXPECT_EQ(run_command(std::string{"traceroute -n -q 1 -w 5 "} + address + " | grep -q '^ 1  " +
                          address + "  *[0-9]'"),
              0)
        << address;
}

}  // namespace
}  // namespace arrakis::test
