// harness.h: for tests: a daemon without a socket file, and clients of it in the same process.
#pragma once

#include <capnp/rpc-twoparty.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <filesystem>

#include "control-plane/arrakisd/fake_provider.h"
#include "control-plane/arrakisd/server.h"
#include "control-plane/protocol/convert.h"

namespace arrakis::control {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = std::filesystem::temp_directory_path() / "arrakis-XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Two apps of ours, one of root alone.
inline std::string test_policy() {
  const std::string uid = std::to_string(::getuid());
  return "[pool.default]\naddresses = [\"10.20.0.0/24\", \"fd00::/64\"]\n"
         "[pool.bench]\nprovider = \"wire\"\naddresses = [\"10.30.0.0/24\"]\n"
         "[[app]]\nname = \"echo\"\nusers = [" +
         uid +
         "]\nvnics = 4\nqueues = 4\nrate = \"1G\"\n"
         "filters = [\"rx udp port 1-100\", \"tx udp port 1-100\"]\n"
         "[[app]]\nname = \"pair\"\nusers = [" +
         uid +
         "]\nproviders = [\"wire\"]\n"
         "wires = [\"bench\", \"broken\"]\n"
         "[[app]]\nname = \"secret\"\nusers = [\"somebody-else\"]\n";
}

inline Peer this_process() {
  Peer peer;
  peer.process = {::getpid(), *start_ticks(::getpid()), ::getuid()};
  peer.pidfd = *open_process(peer.process);
  peer.subject = {.uid = ::getuid(), .user = "tester", .groups = {}};
  return peer;
}

struct Connected {
  kj::Own<kj::AsyncCapabilityStream> stream;
  kj::Own<capnp::TwoPartyClient> rpc;
  protocol::Arrakisd::Client daemon = nullptr;
};

class DaemonTest : public testing::Test, public kj::TaskSet::ErrorHandler {
 protected:
  DaemonTest() { start(); }
  ~DaemonTest() noexcept override {}  // kj's may throw, GoogleTest's may not

  static bool is_alive(const ProcessId& process) { return open_process(process).has_value(); }

  // As after a restart: the state and the fake's kernel stay, all else is new.
  void start() {
    server_ = nullptr;
    tasks_ = nullptr;
    sessions_ = nullptr;
    registry_ = nullptr;
    auto xdp = std::make_unique<FakeProvider>("xdp", directory_.path() / "xdp");
    xdp_ = xdp.get();
    std::vector<std::unique_ptr<Provider>> providers;
    providers.push_back(std::move(xdp));
    providers.push_back(std::make_unique<FakeProvider>("wire", directory_.path() / "wire"));
    auto store = Store::open(directory_.path() / "state.db");
    auto policy = parse_policy(test_policy(), "test.toml");
    EXPECT_TRUE(store && policy) << (policy ? "" : policy.error().message);
    registry_ =
        kj::heap<Registry>(Registry::Parts{*std::move(policy), *std::move(store),
                                           std::move(providers), Failpoints{}, "boot", is_alive});
    sessions_ = kj::heap<Sessions>(*registry_, io_.unixEventPort);
    services_ =
        kj::heap<Services>(Services{*registry_, *sessions_, "boot", 0, io_.provider->getTimer()});
    server_ = kj::heap<Server>(*services_, io_.provider->getTimer());
    tasks_ = kj::heap<kj::TaskSet>(*this);
    const auto held = registry_->recover();
    EXPECT_TRUE(held);
    for (const Lease& lease : *held)
      if (auto process = open_process(lease.stored.process))
        sessions_->watch(lease.id, kj::mv(*process));
  }

  kj::Own<kj::AsyncCapabilityStream> connect_raw(Peer peer = this_process()) {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    auto own = io_.lowLevelProvider->wrapUnixSocketFd(kj::AutoCloseFd{ends[0]});
    tasks_->add(server_->serve(io_.lowLevelProvider->wrapUnixSocketFd(kj::AutoCloseFd{ends[1]}),
                               std::move(peer)));
    return own;
  }

  Connected connect(Peer peer = this_process()) {
    Connected connected;
    connected.stream = connect_raw(std::move(peer));
    connected.rpc = kj::heap<capnp::TwoPartyClient>(*connected.stream, 4);
    connected.daemon = connected.rpc->bootstrap().castAs<protocol::Arrakisd>();
    return connected;
  }

  auto attach(Connected& connected, const char* app) {
    auto request = connected.daemon.attachRequest();
    request.setApp(app);
    return request.send().wait(io_.waitScope);
  }

  protocol::Session::Client session(Connected& connected, const char* app) {
    auto answer = attach(connected, app);
    auto value = unwrap(answer.getOutcome());
    EXPECT_TRUE(value) << value.error().message;
    return value ? *value : protocol::Session::Client{nullptr};
  }

  Outcome<VnicReport> assign(std::string app, std::string wire = "") {
    AssignRequest request;
    request.app = std::move(app);
    request.wire = std::move(wire);
    return registry_->assign(request, false);
  }

  // Lets the loop run until `holds`, or for ten seconds.
  template <class Condition>
  bool eventually(Condition holds) {
    for (int i = 0; i < 1000 && !holds(); ++i)
      io_.provider->getTimer().afterDelay(10 * kj::MILLISECONDS).wait(io_.waitScope);
    return holds();
  }

  TemporaryDirectory directory_;
  kj::AsyncIoContext io_ = kj::setupAsyncIo();
  FakeProvider* xdp_ = nullptr;
  kj::Own<Registry> registry_;
  kj::Own<Sessions> sessions_;
  kj::Own<Services> services_;
  kj::Own<Server> server_;
  kj::Own<kj::TaskSet> tasks_;

 private:
  void taskFailed(kj::Exception&&) override { ++failed_connections_; }

 protected:
  int failed_connections_ = 0;
};

}  // namespace arrakis::control
