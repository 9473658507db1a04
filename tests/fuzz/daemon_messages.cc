// Bytes as what a client sends to arrakisd, over a pipe in memory. The seeds are whole
// conversations (a client's half), so that what is mutated reaches the methods. The peer is root,
// and every method is open to it.
#include <capnp/rpc-twoparty.h>
#include <kj/debug.h>

#include "control-plane/arrakisd/fake_provider.h"
#include "control-plane/arrakisd/log.h"
#include "control-plane/arrakisd/server.h"

namespace arrakis::control {
namespace {

constexpr std::string_view policy_text = R"(
[pool.default]
addresses = ["10.20.0.0/24", "fd00::/64"]
[pool.bench]
provider = "wire"
addresses = ["10.30.0.0/24"]
[[app]]
name = "echo"
users = ["root"]
vnics = 4
queues = 4
providers = ["xdp", "wire"]
wires = ["bench"]
filters = ["rx udp port 1-100"]
)";

Peer root() {
  Peer peer;
  peer.process = {::getpid(), *start_ticks(::getpid()), 0};
  peer.pidfd = *open_process(peer.process);
  peer.subject = {.uid = 0, .user = "root", .groups = {}};
  return peer;
}

// Everything of the daemon but its socket; new for each input, so that a finding can be repeated.
struct Daemon {
  explicit Daemon(kj::AsyncIoContext& io)
      : registry{Registry::Parts{*parse_policy(policy_text, "policy.toml"),
                                 *Store::open(":memory:"), providers(), Failpoints{}, "boot",
                                 [](const ProcessId&) { return true; }}},
        sessions{registry, io.unixEventPort},
        services{registry, sessions, "boot", 0, io.provider->getTimer()},
        server{services, io.provider->getTimer()} {
    (void)registry.recover();
    AssignRequest request;
    request.app = "echo";
    (void)registry.assign(request, false);
  }
  static std::vector<std::unique_ptr<Provider>> providers() {
    static const auto kernel =
        std::filesystem::temp_directory_path() / ("arrakis-fuzz-" + std::to_string(::getpid()));
    std::vector<std::unique_ptr<Provider>> all;
    for (const char* name : {"xdp", "wire"})
      all.push_back(std::make_unique<FakeProvider>(name, kernel / name));
    return all;
  }

  Registry registry;
  Sessions sessions;
  Services services;
  Server server;
};

kj::Promise<void> discard(kj::AsyncIoStream& stream, kj::ArrayPtr<kj::byte> buffer) {
  return stream.tryRead(buffer.begin(), 1, buffer.size())
      .then([&stream, buffer](std::size_t n) -> kj::Promise<void> {
        if (n == 0) return kj::READY_NOW;
        return discard(stream, buffer);
      });
}

}  // namespace
}  // namespace arrakis::control

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static auto io = kj::setupAsyncIo();
  kj::_::Debug::setLogLevel(kj::LogSeverity::FATAL);
  arrakis::control::set_log_level("off");
  arrakis::control::Daemon daemon{io};
  auto pipe = kj::newCapabilityPipe();
  const auto ignore = [](kj::Exception&&) {};
  kj::byte buffer[4096];
  auto served =
      daemon.server.serve(kj::mv(pipe.ends[1]), arrakis::control::root()).eagerlyEvaluate(ignore);
  auto answers = arrakis::control::discard(*pipe.ends[0], kj::ArrayPtr<kj::byte>{buffer})
                     .eagerlyEvaluate(ignore);
  auto& own = *pipe.ends[0];
  auto sent = own.write(data, size).then([&own] { own.shutdownWrite(); }).eagerlyEvaluate(ignore);
  io.waitScope.poll();
  return 0;
}
