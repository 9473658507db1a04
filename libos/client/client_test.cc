#include "libos/client/client.h"

#include <dirent.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "libos/client/fake_arrakisd.h"

namespace arrakis::client {
namespace {

using testing::Facts;
using testing::FakeArrakisd;
using testing::Kind;
using namespace std::chrono_literals;

class ClientTest : public ::testing::Test {
 protected:
  ClientTest() {
    char path[] = "/tmp/arrakis-client-test-XXXXXX";
    folder_ = ::mkdtemp(path);
    options_ = {.socket_path = folder_ + "/arrakisd.sock", .app = "echo"};
  }
  ~ClientTest() override { std::filesystem::remove_all(folder_); }

  // Attaching must fail; the reason.
  Error refused() {
    const auto client = Client::attach(options_);
    if (client) return {.message = "attached all the same"};
    EXPECT_FALSE(client.error().remedy.empty()) << client.error().message;
    return client.error();
  }

  // For ever as far as a test is concerned: a machine under load is slow, not wrong.
  template <class Condition>
  static bool eventually(Condition condition) {
    for (int i = 0; i < 3000; ++i) {
      if (condition()) return true;
      std::this_thread::sleep_for(10ms);
    }
    return false;
  }

  std::string folder_;
  ClientOptions options_;
  Facts facts_;
};

std::size_t open_descriptors() {
  const auto all = std::filesystem::directory_iterator{"/proc/self/fd"};
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

TEST_F(ClientTest, TakesWhatAnXdpVnicConsistsOf) {
  const FakeArrakisd daemon{options_.socket_path, facts_};
  auto client = Client::attach(options_);
  ASSERT_TRUE(client) << client.error().message;
  EXPECT_TRUE(client->connected());

  const auto vnics = client->take_vnics();
  ASSERT_EQ(vnics.size(), 1u);
  const VnicInfo& info = vnics[0].info;
  EXPECT_EQ(info.name, "vf0");
  EXPECT_EQ(info.provider, "xdp");
  EXPECT_EQ(info.mac.to_string(), "02:ca:fe:00:00:01");
  EXPECT_EQ(info.mtu_bytes, 1500);
  ASSERT_EQ(info.addresses.size(), 1u);
  EXPECT_EQ(info.addresses[0].to_string(), "10.20.0.2/24");
  ASSERT_EQ(info.gateways.size(), 1u);
  EXPECT_EQ(info.gateways[0].to_string(), "10.20.0.1");
  ASSERT_EQ(info.neighbors.size(), 1u);

  ASSERT_EQ(vnics[0].queues.size(), 1u);
  const auto& xdp = std::get<XdpGrant>(vnics[0].queues[0]);
  EXPECT_EQ(xdp.frame_count, 64u);
  struct stat facts{};
  ASSERT_EQ(::fstat(xdp.umem.get(), &facts), 0);
  EXPECT_EQ(static_cast<std::size_t>(facts.st_size), facts_.umem_bytes);
  eventfd_t value = 0;
  EXPECT_EQ(eventfd_read(xdp.socket.get(), &value), 0);
  EXPECT_EQ(value, 7u) << "the very descriptor that the daemon sent";
  EXPECT_TRUE(client->take_vnics().empty());
}

TEST_F(ClientTest, TakesWhatAWireConsistsOf) {
  facts_.kind = Kind::wire;
  const FakeArrakisd daemon{options_.socket_path, facts_};
  auto client = Client::attach(options_);
  ASSERT_TRUE(client) << client.error().message;
  const auto vnics = client->take_vnics();
  const auto& wire = std::get<WireGrant>(vnics.at(0).queues.at(0));
  EXPECT_EQ(wire.role, WireGrant::Role::client);
  EXPECT_TRUE(wire.socket_name.starts_with("arrakis-fake-wire-"));
  EXPECT_EQ(wire.secret, "secret");
  EXPECT_EQ(wire.ring_log2, 10);
  EXPECT_TRUE(wire.doorbell_page && wire.bell);
}

TEST_F(ClientTest, EndsTheSessionWhenItGoes) {
  const FakeArrakisd daemon{options_.socket_path, facts_};
  {
    ASSERT_TRUE(Client::attach(options_));
  }
  EXPECT_EQ(facts_.ended, 1);
}

TEST_F(ClientTest, LeaksNoDescriptor) {
  const FakeArrakisd daemon{options_.socket_path, facts_};
  {
    ASSERT_TRUE(Client::attach(options_));
  }
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(Client::attach(options_));
  // The daemon closes its ends in its own time.
  EXPECT_TRUE(eventually([&] { return open_descriptors() <= before; }));
}

TEST_F(ClientTest, SaysThatNoDaemonRuns) {
  const Error error = refused();
  EXPECT_EQ(error.code, Error::Code::unavailable);
  EXPECT_EQ(error.message, "arrakisd is not running at " + options_.socket_path);
  {
    const FakeArrakisd daemon{options_.socket_path, facts_};
  }
  EXPECT_EQ(refused().message, error.message) << "its socket lies about, nobody listens";
}

TEST_F(ClientTest, PassesOnWhatTheDaemonSays) {
  for (const auto code : {Error::Code::denied, Error::Code::not_found, Error::Code::conflict}) {
    facts_.refusal = {code, "because of\nthis", "do that"};
    const FakeArrakisd daemon{options_.socket_path, facts_};
    const Error error = refused();
    EXPECT_EQ(error.code, code);
    EXPECT_EQ(error.message, "because of this") << "one line";
    EXPECT_EQ(error.remedy, "do that");
  }
}

TEST_F(ClientTest, SaysThatNothingIsAssigned) {
  facts_.vnics = 0;
  const FakeArrakisd daemon{options_.socket_path, facts_};
  const Error error = refused();
  EXPECT_EQ(error.code, Error::Code::not_found);
  EXPECT_EQ(error.remedy, "arrakisctl assign-vf --app echo");
}

TEST_F(ClientTest, RefusesAnotherVersion) {
  facts_.version = protocol::VERSION + 1;
  const FakeArrakisd daemon{options_.socket_path, facts_};
  EXPECT_EQ(refused().code, Error::Code::unavailable);
  EXPECT_EQ(facts_.attached, 0);
}

TEST_F(ClientTest, RefusesAPathTooLongForASocket) {
  options_.socket_path = "/" + std::string(10'000, 'x');
  EXPECT_EQ(refused().code, Error::Code::usage);
}

TEST_F(ClientTest, GivesUpOnASilentDaemon) {
  facts_.silent = true;
  options_.answer_time = Duration::milliseconds(50);
  const FakeArrakisd daemon{options_.socket_path, facts_};
  EXPECT_EQ(refused().message, "arrakisd at " + options_.socket_path + " does not answer");
}

TEST_F(ClientTest, RefusesMessagesThatCannotBe) {
  using Info = protocol::VnicInfo::Builder;
  using Grant = protocol::QueueGrant::Builder;
  const std::function<void(Info)> bad_infos[] = {
      [](Info info) { info.setName(""); },
      [](Info info) { info.setMac(kj::StringPtr{"short"}.asBytes()); },
      [](Info info) { info.setMtu(20); },
      [](Info info) { info.initAddresses(1).set(0, "10.0.0.0/33"); },
      [](Info info) { info.initGateways(1).set(0, "x"); },
      [](Info info) { info.initNeighbors(1)[0].setAddress("10.0.0.1"); },
      [](Info info) { info.initAddresses(100'000); },
  };
  const std::function<void(Grant)> bad_grants[] = {
      [](Grant grant) { grant.getXdp().setFrameBytes(3000); },
      [](Grant grant) { grant.getXdp().setFrameBytes(0); },
      [](Grant grant) { grant.getXdp().setFrameCount(0); },
      [](Grant grant) { grant.getXdp().setFrameCount(65); },  // longer than the memory
      [](Grant grant) { grant.getXdp().setHeadroomBytes(2048); },
      [](Grant grant) { grant.getXdp().setFillSize(63); },
      [](Grant grant) { grant.getXdp().setReceiveSize(0); },
      [](Grant grant) { grant.getXdp().setTransmitSize(1u << 31); },
      [](Grant grant) { grant.getXdp().setSocket(nullptr); },
      [](Grant grant) { grant.initWire(); },
      [](Grant grant) { grant.initWire().setRole(static_cast<protocol::WireQueue::Role>(9)); },
  };
  for (const auto& change : bad_infos) {
    facts_.change_info = change;
    const FakeArrakisd daemon{options_.socket_path, facts_};
    EXPECT_EQ(refused().code, Error::Code::internal) << &change - bad_infos;
  }
  facts_.change_info = [](auto) {};
  for (const auto& change : bad_grants) {
    facts_.change_grant = change;
    const FakeArrakisd daemon{options_.socket_path, facts_};
    facts_.ended = 0;
    EXPECT_NE(refused().message, "attached all the same") << &change - bad_grants;
    EXPECT_EQ(facts_.ended, 1) << "what was taken goes back";
  }
}

TEST_F(ClientTest, MissesADescriptorThatDidNotCome) {
  facts_.without_descriptors = true;
  const FakeArrakisd daemon{options_.socket_path, facts_};
  EXPECT_EQ(refused().message, "arrakisd sent no descriptor where one was due");
}

// What listens at the path and answers `reply` to everything.
class Impostor {
 public:
  Impostor(const std::string& path, std::string reply) : reply_{std::move(reply)} {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    ::listen(listener_, 1);
    thread_ = std::thread{[this] {
      const int peer = ::accept(listener_, nullptr, nullptr);
      ::send(peer, reply_.data(), reply_.size(), MSG_NOSIGNAL);
      ::close(peer);
    }};
  }
  Impostor(const Impostor&) = delete;
  Impostor& operator=(const Impostor&) = delete;
  ~Impostor() {
    thread_.join();
    ::close(listener_);
  }

 private:
  const int listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const std::string reply_;
  std::thread thread_;
};

TEST_F(ClientTest, RefusesGarbage) {
  const std::string replies[] = {"", "HTTP/1.1 400 Bad Request\r\n\r\n",
                                 std::string(65'536, '\xff'), std::string(4096, '\0'),
                                 std::string("\0\0\0\0\x01", 5)};
  for (const std::string& reply : replies) {
    std::filesystem::remove(options_.socket_path);
    const Impostor impostor{options_.socket_path, reply};
    EXPECT_EQ(refused().code, Error::Code::unavailable) << reply.size();
  }
}

TEST_F(ClientTest, RestoresItsSessionAfterTheDaemonWasKilled) {
  auto daemon = std::make_unique<FakeArrakisd>(options_.socket_path, facts_);
  options_.retry_after = Duration::milliseconds(5);
  auto client = Client::attach(options_);
  ASSERT_TRUE(client);
  for (std::uint64_t i = 1; i <= 3; ++i) {
    daemon.reset();
    EXPECT_TRUE(eventually([&] { return !client->connected(); }));
    daemon = std::make_unique<FakeArrakisd>(options_.socket_path, facts_);
    EXPECT_TRUE(eventually([&] { return client->connected(); }));
    EXPECT_EQ(client->restorations(), i);
  }
  EXPECT_EQ(facts_.restored, 3);
  EXPECT_EQ(facts_.attached, 1);

  daemon->announce("vf0", protocol::Watcher::Event::Kind::REVOKED);
  std::optional<VnicEvent> event;
  EXPECT_TRUE(eventually([&] { return (event = client->take_event()).has_value(); }))
      << "the new session is watched too";
}

TEST_F(ClientTest, GoesWhileTheDaemonIsAway) {
  auto daemon = std::make_unique<FakeArrakisd>(options_.socket_path, facts_);
  auto client = Client::attach(options_);
  ASSERT_TRUE(client);
  daemon.reset();
  EXPECT_TRUE(eventually([&] { return !client->connected(); }));
  // Hangs here when letting go does not end the retries.
}

TEST_F(ClientTest, GoesWhileTheNextDaemonIsSilent) {
  auto daemon = std::make_unique<FakeArrakisd>(options_.socket_path, facts_);
  options_.retry_after = Duration::milliseconds(1);
  options_.answer_time = Duration::seconds(3600);
  auto client = Client::attach(options_);
  ASSERT_TRUE(client);
  daemon.reset();
  facts_.silent = true;
  daemon = std::make_unique<FakeArrakisd>(options_.socket_path, facts_);
  std::this_thread::sleep_for(50ms);  // most likely it waits for hello by now
}

TEST_F(ClientTest, DeliversEventsInOrder) {
  FakeArrakisd daemon{options_.socket_path, facts_};
  auto client = Client::attach(options_);
  ASSERT_TRUE(client);
  EXPECT_FALSE(client->take_event());
  daemon.announce("vf0", protocol::Watcher::Event::Kind::LINK_DOWN);
  daemon.announce("vf1", protocol::Watcher::Event::Kind::REVOKED);
  std::optional<VnicEvent> first, second;
  ASSERT_TRUE(eventually([&] { return (first = client->take_event()).has_value(); }));
  ASSERT_TRUE(eventually([&] { return (second = client->take_event()).has_value(); }));
  EXPECT_EQ(first->vnic, "vf0");
  EXPECT_EQ(first->kind, VnicEvent::Kind::link_down);
  EXPECT_EQ(second->vnic, "vf1");
  EXPECT_EQ(second->kind, VnicEvent::Kind::revoked);
}

// The thread's place in /proc, by its name.
std::filesystem::path control_thread() {
  for (const auto& task : std::filesystem::directory_iterator{"/proc/self/task"}) {
    std::string name;
    std::getline(std::ifstream{task.path() / "comm"}, name);
    if (name == "arrakis-control") return task.path();
  }
  return {};
}

long wakeups_of(const std::filesystem::path& thread) {
  std::ifstream status{thread / "status"};
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("voluntary_ctxt_switches:")) return std::stol(line.substr(24));
  return -1;
}

TEST_F(ClientTest, SleepsWhileTheDaemonHasNothingToSay) {
  const FakeArrakisd daemon{options_.socket_path, facts_};
  auto client = Client::attach(options_);
  ASSERT_TRUE(client);
  const auto thread = control_thread();
  std::this_thread::sleep_for(200ms);  // what attaching left to do is done
  const long before = wakeups_of(thread);
  EXPECT_GT(before, 0);
  std::this_thread::sleep_for(500ms);
  EXPECT_LE(wakeups_of(thread) - before, 1);
}

TEST_F(ClientTest, LeavesSignalsToTheProgram) {
  const FakeArrakisd daemon{options_.socket_path, facts_};
  ::signal(SIGPIPE, SIG_DFL);  // kj ignores it on behalf of the daemon
  const auto disposition = [](int signal) {
    struct sigaction now{};
    ::sigaction(signal, nullptr, &now);
    return now.sa_handler;
  };
  std::array<sighandler_t, 32> before{};
  for (int signal = 1; signal < 32; ++signal)
    before[static_cast<std::size_t>(signal)] = disposition(signal);
  auto client = Client::attach(options_);
  ASSERT_TRUE(client);
  for (int signal = 1; signal < 32; ++signal)
    EXPECT_EQ(disposition(signal), before[static_cast<std::size_t>(signal)]) << signal;

  std::ifstream status{control_thread() / "status"};
  std::string line, blocked;
  while (std::getline(status, line))
    if (line.starts_with("SigBlk:")) blocked = line.substr(8);
  // All 64 but SIGKILL, SIGSTOP, and the two that glibc keeps for itself (32, 33).
  EXPECT_EQ(blocked, "fffffffe7ffbfeff");
}

}  // namespace
}  // namespace arrakis::client
