// TCP beside Linux's: connections both ways, over a cable that loses and reorders.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>

#include "extaris/packet/eal.h"
#include "extaris/stack/stack.h"
#include "extaris/tcp/invariants.h"
#include "tests/netns/clock.h"
#include "tests/netns/faulty_device.h"
#include "tests/netns/kernel_tcp.h"
#include "tests/netns/tap_device.h"

namespace arrakis::test {
namespace {

using extaris::Stack;
using extaris::TcpBuffer;
using extaris::TcpConnection;
using extaris::TcpError;
using extaris::TcpListener;

constexpr std::uint16_t port = 80;
constexpr auto patience = std::chrono::seconds(60);  // never needed unless something is wrong

// One direction of a connection, and how far each side is.
struct Stream {
  std::uint64_t name;
  std::size_t length;
  std::size_t sent = 0;
  std::size_t received = 0;
  bool is_shut = false;
  bool has_ended = false;
  bool is_wrong = false;

  bool is_done() const { return has_ended && received == length; }
  std::vector<std::byte> next_part() const {
    std::vector<std::byte> part(std::min<std::size_t>(length - sent, 20'000));
    for (std::size_t i = 0; i < part.size(); ++i) part[i] = byte_of(name, sent + i);
    return part;
  }
  void take(std::span<const std::byte> bytes) {
    for (const std::byte b : bytes) is_wrong |= b != byte_of(name, received++);
  }
};

void send_some(KernelTcp& from, Stream& stream) {
  if (stream.is_shut) return;
  stream.sent += stream.sent < stream.length ? from.send(stream.next_part()) : 0;
  if (stream.sent < stream.length) return;
  from.shut_sending();
  stream.is_shut = true;
}

void receive_some(KernelTcp& at, Stream& stream) {
  while (const auto bytes = at.receive()) {
    if (bytes->empty()) {
      stream.has_ended = true;
      return;
    }
    stream.take(*bytes);
  }
}

void send_some(TcpConnection& from, Stream& stream) {
  if (stream.is_shut || !from.is_open()) return;
  while (stream.sent < stream.length) {
    const auto taken = from.send(stream.next_part());
    if (!taken) return;
    stream.sent += *taken;
  }
  from.shutdown();
  stream.is_shut = true;
}

void receive_some(TcpConnection& at, Stream& stream) {
  while (const TcpBuffer buffer = at.receive()) stream.take(buffer.bytes());
  stream.has_ended = at.at_end();
}

struct Cable {
  bool is_v4 = true;
  int mtu_bytes = 1500;
  Faults faults{};
  const char* sysctl = "";  // "NAME=VALUE ..." of the kernel's side
};

class LinuxTcp : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(extaris::start_eal()); }
  void SetUp() override {
    if (!TapDevice::enter_namespace()) GTEST_SKIP() << "needs root, for a network namespace";
  }
  void TearDown() override {
    listener_.reset();
    stack_.reset();
    if (pool_) {
      EXPECT_EQ(pool_->available(), pool_->capacity()) << "packets leaked";
    }
  }

  void lay(const Cable& cable, const extaris::TcpSettings& settings = {}) {
    cable_ = cable;
    pool_.emplace(*extaris::PacketPool::create({.packets = 4096, .buffer_bytes = 9'600}));
    tap_ = std::make_unique<TapDevice>(*pool_, static_cast<std::uint16_t>(cable.mtu_bytes));
    ASSERT_TRUE(tap_->is_open()) << "needs /dev/net/tun";
    const std::string mtu = std::to_string(cable.mtu_bytes);
    for (const std::string& command :
         {std::string{"ip link set lo up"}, "ip link set tap0 mtu " + mtu + " up",
          std::string{"ip addr add 10.9.0.2/24 dev tap0"},
          std::string{cable.mtu_bytes < 1280 ? "true" : "ip -6 addr add fd09::2/64 dev tap0 nodad"},
          std::string{*cable.sysctl == 0 ? "true" : "sysctl -q -w "} + cable.sysctl})
      ASSERT_EQ(std::system(command.c_str()), 0) << command;
    device_ = std::make_unique<FaultyDevice>(*tap_, cable.faults, 1);
    stack_ = std::make_unique<Stack>(
        *device_,
        extaris::StackConfig{
            .addresses = {*IpPrefix::parse("10.9.0.1/24"), *IpPrefix::parse("fd09::1/64")},
            .routes = {},
            .neighbors = {},
            .seed = 1,
            .tcp = {
                .connections_max = 1024, .settings = settings, .initial_sequence = 0xffff'fffb}});
    stack_->poll(clock_now());
    listener_.emplace(*stack_->listen_tcp({{}, port}));
  }
  const char* ours() const { return cable_.is_v4 ? "10.9.0.1" : "fd09::1"; }
  const char* theirs() const { return cable_.is_v4 ? "10.9.0.2" : "fd09::2"; }

  // Runs the stack until `done`; false: it took too long.
  bool run_until(const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < end) {
      const bool idle = stack_->poll(clock_now()) == 0;
      const bool is_over = done();
      stack_->flush();
      if (is_over) return true;
      if (idle) usleep(50);  // somebody else needs the processor to go on
    }
    return false;
  }

  // Whoever opens it: one of the kernel's sockets, and a connection of ours.
  std::optional<TcpConnection> open(std::optional<KernelTcp>& kernel, bool from_kernel) {
    std::optional<TcpConnection> connection;
    std::optional<KernelTcp> server;
    if (from_kernel) {
      kernel.emplace(KernelTcp::connect(ours(), port));
      run_until([&] {
        connection = listener_->accept();
        return connection.has_value();
      });
      return connection;
    }
    server.emplace(KernelTcp::listen(theirs(), port));
    connection.emplace(*stack_->connect_tcp({*IpAddress::parse(theirs()), port}));
    run_until([&] {
      if (!kernel) kernel = server->accept();
      return kernel && connection->is_open();
    });
    return connection;
  }

  // Both streams to their ends, and the connection to its own.
  void exchange(bool from_kernel, std::size_t up_bytes, std::size_t down_bytes) {
    std::optional<KernelTcp> kernel;
    auto connection = open(kernel, from_kernel);
    ASSERT_TRUE(connection && kernel);
    Stream up{.name = 1, .length = up_bytes};
    Stream down{.name = 2, .length = down_bytes};
    std::string broken;
    EXPECT_TRUE(run_until([&] {
      send_some(*kernel, up);
      receive_some(*connection, up);
      send_some(*connection, down);
      receive_some(*kernel, down);
      broken = extaris::tcp::broken_invariant(extaris::tcp::Inspector::block_of(*connection));
      return !broken.empty() || (up.is_done() && down.is_done());
    })) << "up "
        << up.received << " down " << down.received << " " << connection->info().state;
    EXPECT_EQ(broken, "");
    EXPECT_FALSE(up.is_wrong || down.is_wrong);
    EXPECT_EQ(connection->error(), TcpError::none);
    EXPECT_EQ(kernel->error(), 0);
  }

  // The exit status of a command that talks to the stack.
  int run_command(const std::string& command, const std::function<void()>& serve) {
    const pid_t child = fork();
    if (child == 0) {
      execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
      _exit(127);
    }
    int status = -1;
    if (!run_until([&] {
          serve();
          return waitpid(child, &status, WNOHANG) == child;
        })) {
      kill(child, SIGKILL);
      waitpid(child, &status, 0);
      return -1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  Cable cable_;
  std::optional<extaris::PacketPool> pool_;
  std::unique_ptr<TapDevice> tap_;
  std::unique_ptr<FaultyDevice> device_;
  std::unique_ptr<Stack> stack_;
  std::optional<TcpListener> listener_;
};

class LinuxTcpBulk : public LinuxTcp, public testing::WithParamInterface<Cable> {};

TEST_P(LinuxTcpBulk, BothWaysWhoeverOpens) {
  lay(GetParam());
  for (const bool from_kernel : {true, false}) {
    exchange(from_kernel, 1'000'000, 1'000'000);
    exchange(from_kernel, 300'000, 0);
    exchange(from_kernel, 0, 300'000);
  }
}

constexpr Faults bad{.loss = 100, .reorder = 30};
INSTANTIATE_TEST_SUITE_P(
    Cables, LinuxTcpBulk,
    testing::Values(Cable{}, Cable{.is_v4 = false}, Cable{.mtu_bytes = 576},
                    Cable{.is_v4 = false, .mtu_bytes = 1280}, Cable{.mtu_bytes = 9000},
                    Cable{.faults = bad}, Cable{.is_v4 = false, .mtu_bytes = 9000, .faults = bad},
                    Cable{.faults = bad, .sysctl = "net.ipv4.tcp_sack=0"},
                    Cable{.faults = bad, .sysctl = "net.ipv4.tcp_timestamps=0"},
                    Cable{.sysctl = "net.ipv4.tcp_window_scaling=0"},
                    Cable{.faults = bad, .sysctl = "net.ipv4.tcp_ecn=1"}),
    [](const auto& test) { return "Cable" + std::to_string(test.index); });

TEST_F(LinuxTcp, RequestsAndResponses) {
  lay({});
  std::optional<KernelTcp> kernel;
  auto connection = open(kernel, true);
  ASSERT_TRUE(connection && kernel);
  for (std::size_t i = 0; i < 500; ++i) {
    const std::vector<std::byte> request(64, static_cast<std::byte>(i));
    ASSERT_EQ(kernel->send(request), 64u);
    std::vector<std::byte> response;
    ASSERT_TRUE(run_until([&] {
      while (TcpBuffer buffer = connection->receive())
        if (!connection->send(std::move(buffer))) return false;
      if (const auto bytes = kernel->receive())
        response.insert(response.end(), bytes->begin(), bytes->end());
      return response.size() >= request.size();
    })) << i;
    ASSERT_EQ(response, request);
  }
}

TEST_F(LinuxTcp, ManyConnectionsAtOnce) {
  lay({.faults = {.loss = 200, .reorder = 50}});
  struct Pair {
    KernelTcp kernel;
    std::optional<TcpConnection> connection{};
    Stream up;
    Stream down;
  };
  std::vector<Pair> pairs;
  for (std::uint64_t i = 0; i < 300; ++i)
    pairs.push_back({.kernel = KernelTcp::connect(ours(), port),
                     .up = {.name = 7, .length = 5'000},
                     .down = {.name = 8, .length = 5'000}});
  std::size_t accepted = 0;  // whose is whose does not matter: the streams are alike
  EXPECT_TRUE(run_until([&] {
    while (auto connection = listener_->accept())
      pairs[accepted++].connection.emplace(std::move(*connection));
    std::size_t done = 0;
    for (Pair& pair : pairs) {
      send_some(pair.kernel, pair.up);
      receive_some(pair.kernel, pair.down);
      if (!pair.connection) continue;
      Stream up{.name = 7, .length = 5'000, .received = pair.up.received};
      receive_some(*pair.connection, up);
      pair.up.received = up.received;
      pair.up.is_wrong |= up.is_wrong;
      Stream down{.name = 8, .length = 5'000, .sent = pair.down.sent, .is_shut = pair.down.is_shut};
      send_some(*pair.connection, down);
      pair.down.sent = down.sent;
      pair.down.is_shut = down.is_shut;
      done += up.has_ended && pair.down.is_done() ? 1 : 0;
    }
    return done == pairs.size();
  }));
  for (const Pair& pair : pairs) EXPECT_FALSE(pair.up.is_wrong || pair.down.is_wrong);
}

TEST_F(LinuxTcp, ResetsReachTheOtherSide) {
  lay({});
  for (const bool from_kernel : {true, false}) {
    std::optional<KernelTcp> kernel;
    auto connection = open(kernel, from_kernel);
    ASSERT_TRUE(connection && kernel);
    kernel->reset();
    EXPECT_TRUE(run_until([&] { return connection->error() == TcpError::reset; }));
    kernel.reset();
    connection = open(kernel, from_kernel);
    ASSERT_TRUE(connection && kernel);
    connection->abort();
    EXPECT_TRUE(run_until([&] { return !kernel->receive() && kernel->error() == ECONNRESET; }));
  }
}

TEST_F(LinuxTcp, AClosedPortRefusesBothWays) {
  lay({});
  KernelTcp kernel = KernelTcp::connect(ours(), 81);
  EXPECT_TRUE(run_until([&] { return kernel.error() == ECONNREFUSED; }));
  auto connection = stack_->connect_tcp({*IpAddress::parse(theirs()), 81});
  ASSERT_TRUE(connection);
  EXPECT_TRUE(run_until([&] { return connection->error() == TcpError::refused; }));
}

TEST_F(LinuxTcp, AReaderThatPausesShutsTheWindow) {
  lay({}, {.receive_buffer_log2 = 14});
  for (const bool from_kernel : {true, false}) {
    std::optional<KernelTcp> kernel;
    auto connection = open(kernel, from_kernel);
    ASSERT_TRUE(connection && kernel);
    Stream up{.name = 1, .length = 200'000};
    // Nobody reads until the kernel has nothing left that it may send.
    const auto paused_until = std::chrono::steady_clock::now() + std::chrono::milliseconds(500);
    EXPECT_TRUE(run_until([&] {
      send_some(*kernel, up);
      return std::chrono::steady_clock::now() > paused_until;
    }));
    EXPECT_EQ(up.received, 0u);
    EXPECT_TRUE(run_until([&] {
      send_some(*kernel, up);
      receive_some(*connection, up);
      return up.is_done();
    }));
    EXPECT_FALSE(up.is_wrong);
  }
}

TEST_F(LinuxTcp, CurlFetchesAFile) {
  if (std::system("command -v curl >/dev/null") != 0) GTEST_SKIP() << "needs curl";
  lay({.faults = {.loss = 200, .reorder = 50}});
  const std::string head = "HTTP/1.0 200 OK\r\nContent-Length: 500000\r\n\r\n";
  std::string answer = head + std::string(500'000, 'a');
  std::optional<TcpConnection> connection;
  std::size_t sent = 0;
  const auto serve = [&] {
    if (!connection) connection = listener_->accept();
    if (!connection) return;
    while (const TcpBuffer request = connection->receive()) {
    }
    const auto rest = std::as_bytes(std::span{answer}).subspan(sent);
    if (const auto taken = connection->send(rest); taken) sent += *taken;
    if (sent == answer.size()) connection->shutdown();
  };
  EXPECT_EQ(run_command(std::string{"curl -s --max-time 50 http://"} + ours() +
                            "/ | tr -d a | wc -c | grep -qx 0",
                        serve),
            0);
  EXPECT_EQ(sent, answer.size());
}

}  // namespace
}  // namespace arrakis::test
