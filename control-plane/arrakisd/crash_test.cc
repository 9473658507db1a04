// The real daemon, killed at every step of every operation and started again: the state must be
// what it was before the operation, or what it is after it, and the (fake) kernel must agree.
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <thread>

#include "control-plane/arrakisd/harness.h"

namespace arrakis::control {
namespace {

class Crash : public testing::TestWithParam<const char*> {
 protected:
  Crash() { std::ofstream{policy()} << test_policy(); }
  ~Crash() noexcept override { stop(SIGKILL); }

  std::string policy() const { return directory_.path() / "policy.toml"; }
  std::string socket() const { return directory_.path() / "daemon.sock"; }
  std::string log() const { return directory_.path() / "log"; }

  // `failpoint`: where it shall die.
  pid_t spawn(const char* failpoint) const {
    const std::string state = directory_.path() / "state", kernel = directory_.path() / "kernel";
    const pid_t pid = ::fork();
    if (pid != 0) return pid;
    ::setenv("ARRAKIS_FAKE_KERNEL", kernel.c_str(), 1);
    ::setenv("ARRAKIS_FAILPOINT", failpoint, 1);
    std::freopen(log().c_str(), "a", stderr);
    ::execl(ARRAKISD_FAKE, ARRAKISD_FAKE, "--policy", policy().c_str(), "--socket",
            socket().c_str(), "--state", state.c_str(), "--failpoints", nullptr);
    ::_exit(127);
  }

  void start(const char* failpoint = "") {
    pid_ = spawn(failpoint);
    connect();
  }

  // The daemon listens before it recovers: its first answer means that it has, not the connection.
  void connect() {
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    socket().copy(address.sun_path, sizeof(address.sun_path) - 1);
    for (;;) {
      kj::AutoCloseFd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
      if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) {
        stream_ = io_.lowLevelProvider->wrapUnixSocketFd(kj::mv(fd));
        break;
      }
      if (::waitpid(pid_, nullptr, WNOHANG) != 0) throw std::runtime_error{"it did not start"};
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    rpc_ = kj::heap<capnp::TwoPartyClient>(*stream_, 4);
    daemon_ = rpc_->bootstrap().castAs<protocol::Arrakisd>();
  }

  int stop(int signal) {
    if (pid_ == 0) return 0;
    ::kill(pid_, signal);
    return wait();
  }
  int wait() {
    daemon_ = nullptr;
    rpc_ = nullptr;
    stream_ = nullptr;
    int status = 0;
    ::waitpid(std::exchange(pid_, 0), &status, 0);
    return status;
  }

  protocol::Admin::Client admin() {
    auto answer = daemon_->adminRequest().send().wait(io_.waitScope);
    return *unwrap(answer.getOutcome());
  }
  void assign() {
    auto request = admin().assignRequest();
    request.initRequest().setApp("echo");
    request.send().wait(io_.waitScope);
  }
  void release() {
    auto request = admin().releaseRequest();
    request.setVf("vf0");
    request.send().wait(io_.waitScope);
  }
  void set_rate(std::uint64_t bits) {
    auto request = admin().setRateRequest();
    request.setVf("vf0");
    request.initRate().setBitsPerSecond(bits);
    request.send().wait(io_.waitScope);
  }
  void attach() {
    auto request = daemon_->attachRequest();
    request.setApp("echo");
    request.send().wait(io_.waitScope);
  }

  std::set<std::string> kernel() {
    return FakeProvider{"xdp", directory_.path() / "kernel" / "xdp"}.objects();
  }
  struct View {
    std::set<std::string> vfs;
    std::uint64_t rate = 0;
    std::int32_t pid = 0;
  };
  View view() {
    View view;
    auto answer = admin().listVfsRequest().send().wait(io_.waitScope);
    for (auto vf : answer.getVfs()) {
      view.vfs.insert(vf.getVnic().getName());
      view.rate = vf.getVnic().getRate().getBitsPerSecond();
      view.pid = vf.getPid();
    }
    return view;
  }

  template <class Operation>
  void dies_in(Operation operation) {
    EXPECT_ANY_THROW(operation());  // the connection breaks
    const int status = wait();
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << GetParam();
    start();
  }

  TemporaryDirectory directory_;
  kj::AsyncIoContext io_ = kj::setupAsyncIo();
  pid_t pid_ = 0;
  kj::Own<kj::AsyncCapabilityStream> stream_;
  kj::Own<capnp::TwoPartyClient> rpc_;
  std::optional<protocol::Arrakisd::Client> daemon_;
};

const std::set<std::string> nothing, vf0{"vf0"};

using Assign = Crash;
TEST_P(Assign, IsWholeOrNothing) {
  start(GetParam());
  dies_in([&] { assign(); });
  const bool is_done = std::string_view{GetParam()} == "assign.saved";
  EXPECT_EQ(view().vfs, is_done ? vf0 : nothing);
  EXPECT_EQ(kernel(), nothing);
}
INSTANTIATE_TEST_SUITE_P(Steps, Assign,
                         testing::Values("assign.checked", "assign.created", "assign.saved"));

using AssignToALivingOne = Crash;
TEST_P(AssignToALivingOne, IsWholeOrNothing) {
  start();
  assign();
  attach();
  stop(SIGTERM);
  EXPECT_EQ(kernel(), vf0);  // an orderly end leaves it alone
  start(GetParam());
  dies_in([&] { assign(); });
  const bool is_done = std::string_view{GetParam()} == "assign.saved";
  EXPECT_EQ(view().vfs, is_done ? (std::set<std::string>{"vf0", "vf1"}) : vf0);
  EXPECT_EQ(kernel(), view().vfs);
}
INSTANTIATE_TEST_SUITE_P(Steps, AssignToALivingOne,
                         testing::Values("assign.checked", "assign.created", "assign.saved"));

using Release = Crash;
TEST_P(Release, IsCompletedOnceBegun) {
  start();
  assign();
  attach();
  stop(SIGTERM);
  start(GetParam());
  EXPECT_EQ(view().pid, ::getpid());
  EXPECT_EQ(kernel(), vf0);
  dies_in([&] { release(); });
  EXPECT_EQ(view().vfs, nothing);
  EXPECT_EQ(kernel(), nothing);
  assign();
  EXPECT_EQ(view().vfs, vf0);
}
INSTANTIATE_TEST_SUITE_P(Steps, Release,
                         testing::Values("release.begun", "release.destroyed", "release.finished"));

using SetRate = Crash;
TEST_P(SetRate, IsUndoneWhenCutOff) {
  start(GetParam());
  assign();
  attach();
  dies_in([&] { set_rate(500); });
  EXPECT_EQ(view().rate, 1'000'000'000u);
  EXPECT_EQ((FakeProvider{"xdp", directory_.path() / "kernel" / "xdp"}.text_of("vf0")),
            "rate=1G filters=2");
  stop(SIGKILL);
  start();
  set_rate(600);
  EXPECT_EQ(view().rate, 600u);
}
INSTANTIATE_TEST_SUITE_P(Steps, SetRate, testing::Values("rate.set"));

using Attach = Crash;
TEST_P(Attach, IsALeaseOrNothing) {
  start(GetParam());
  assign();
  dies_in([&] { attach(); });
  const bool is_done = std::string_view{GetParam()} == "attach.leased";
  EXPECT_EQ(view().pid, is_done ? ::getpid() : 0);
  EXPECT_EQ(kernel(), is_done ? vf0 : nothing);
  attach();  // the first time, or again by the same process
  EXPECT_EQ(view().pid, ::getpid());
  EXPECT_EQ(kernel(), vf0);
}
INSTANTIATE_TEST_SUITE_P(Steps, Attach, testing::Values("attach.created", "attach.leased"));

void attach_and_stay(const std::string& socket) {
  auto io = kj::setupAsyncIo();
  auto address = io.provider->getNetwork().parseAddress(("unix:" + socket).c_str());
  auto stream = address.wait(io.waitScope)->connect().wait(io.waitScope);
  capnp::TwoPartyClient rpc{*stream};
  auto request = rpc.bootstrap().castAs<protocol::Arrakisd>().attachRequest();
  request.setApp("echo");
  auto answer = request.send().wait(io.waitScope);
  for (;;) ::pause();
}

// A process of its own that attaches, and waits for its end.
class Application {
 public:
  explicit Application(const std::string& socket) : pid_{::fork()} {
    if (pid_ != 0) return;
    // In a thread of its own: this one inherited the test's event loop.
    std::thread{attach_and_stay, socket}.join();
    ::_exit(1);
  }
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;
  ~Application() { kill(); }
  pid_t pid() const { return pid_; }
  void kill() {
    if (pid_ == 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(std::exchange(pid_, 0), nullptr, 0);
  }

 private:
  pid_t pid_;
};

using Reclaim = Crash;
TEST_P(Reclaim, IsCompletedByTheNextDaemon) {
  start(GetParam());
  assign();
  Application application{socket()};
  while (view().pid != application.pid()) std::this_thread::yield();
  EXPECT_EQ(kernel(), vf0);
  application.kill();
  const int status = wait();  // it dies of the reclaim
  ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  start();
  EXPECT_EQ(view().pid, 0);
  EXPECT_EQ(view().vfs, vf0);
  EXPECT_EQ(kernel(), nothing);
}
INSTANTIATE_TEST_SUITE_P(Steps, Reclaim, testing::Values("reclaim.destroyed", "reclaim.removed"));

using Daemon = Crash;
TEST_P(Daemon, ASecondOneIsRefusedAndTheFirstGoesOn) {
  start();
  int status = 0;
  ::waitpid(spawn(""), &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 1);
  std::ifstream in{log()};
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  EXPECT_NE(text.find("another arrakisd serves " + socket()), std::string::npos) << text;
  view();
}
TEST_P(Daemon, AStaleSocketIsReplacedAndAnOrderlyEndRemovesIt) {
  start();
  assign();
  stop(SIGKILL);
  EXPECT_TRUE(std::filesystem::exists(socket()));
  start();
  EXPECT_EQ(view().vfs, std::set<std::string>{"vf0"});
  const int status = stop(SIGTERM);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_FALSE(std::filesystem::exists(socket()));
}
TEST_P(Daemon, ABadPolicyIsRefusedAtStartAndIgnoredAtReload) {
  start();
  assign();
  std::ofstream{policy()} << "[deamon]\n";
  ::kill(pid_, SIGHUP);
  EXPECT_EQ(view().vfs, std::set<std::string>{"vf0"});
  stop(SIGTERM);
  int status = 0;
  ::waitpid(spawn(""), &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 1);
  std::ifstream in{log()};
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  EXPECT_NE(text.find("policy.toml:1:2: unknown key \"deamon\""), std::string::npos) << text;
}
// Run by a user without privileges: how many of 70 connections the daemon keeps, or 255.
int count_kept(const sockaddr_un& address) {
  std::vector<kj::AutoCloseFd> sockets;
  for (int i = 0; i < 70; ++i) {
    sockets.emplace_back(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto* raw = reinterpret_cast<const sockaddr*>(&address);
    if (::connect(sockets.back(), raw, sizeof(address)) != 0) return 255;
  }
  char byte;
  if (::read(sockets.back(), &byte, 1) > 0) return 255;  // waits until the last one was refused
  int kept = 0;
  for (const auto& socket : sockets) {
    pollfd poll{.fd = socket, .events = POLLIN, .revents = 0};
    kept += ::poll(&poll, 1, 0) == 0;
  }
  return kept;
}

TEST_P(Daemon, BoundsTheConnectionsOfAUserButNotOfRoot) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to be somebody else";
  start();
  std::filesystem::permissions(directory_.path(), std::filesystem::perms{0755});
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  socket().copy(address.sun_path, sizeof(address.sun_path) - 1);
  const pid_t child = ::fork();
  if (child == 0) ::_exit(::setuid(65534) == 0 ? count_kept(address) : 255);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 64);
  view();
}
INSTANTIATE_TEST_SUITE_P(Real, Daemon, testing::Values(""));

}  // namespace
}  // namespace arrakis::control
