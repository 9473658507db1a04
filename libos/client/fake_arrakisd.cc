#include "libos/client/fake_arrakisd.h"

#include <capnp/rpc-twoparty.h>
#include <fcntl.h>
#include <kj/async-io.h>
#include <kj/async-unix.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <future>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/check.h"
#include "control-plane/protocol/sight.h"

namespace arrakis::client::testing {

using Announcement = std::pair<std::string, protocol::Watcher::Event::Kind>;

struct Look {
  std::string vnic;
  std::uint16_t queue;
  std::promise<std::string> answer;
};

struct FakeArrakisd::Shared {
  Shared(std::string its_path, Facts& its_facts) : path{std::move(its_path)}, facts{its_facts} {}
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  ~Shared() { ::close(wake); }

  const std::string path;
  Facts& facts;
  const int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  std::promise<void> listening;
  std::mutex mutex;  // of what follows
  bool stop = false;
  std::vector<Announcement> announcements;
  std::optional<Look> look;
};

namespace {

class FileDescriptor final : public protocol::Descriptor::Server {
 public:
  explicit FileDescriptor(int fd) : fd_{fd} {}
  kj::Maybe<int> getFd() override { return fd_.get(); }

 private:
  kj::AutoCloseFd fd_;
};

class NoDescriptor final : public protocol::Descriptor::Server {};

protocol::Descriptor::Client memory(std::size_t bytes) {
  const int fd = memfd_create("fake", MFD_CLOEXEC);
  ARK_CHECK(ftruncate(fd, static_cast<off_t>(bytes)) == 0);
  return kj::heap<FileDescriptor>(fd);
}

protocol::Descriptor::Client memory(const Facts& facts, std::size_t bytes) {
  if (facts.without_descriptors) return kj::heap<NoDescriptor>();
  return memory(bytes);
}

protocol::Descriptor::Client event(const Facts& facts) {
  if (facts.without_descriptors) return kj::heap<NoDescriptor>();
  return kj::heap<FileDescriptor>(eventfd(7, EFD_CLOEXEC));
}

protocol::Descriptor::Client copy_of(const Facts& facts, const extaris::Descriptor& descriptor) {
  if (facts.without_descriptors) return kj::heap<NoDescriptor>();
  return kj::heap<FileDescriptor>(::fcntl(descriptor.get(), F_DUPFD_CLOEXEC, 0));
}

class QueueServer final : public protocol::Queue::Server {
 public:
  explicit QueueServer(Facts& facts) : facts_{facts} {}

  kj::Promise<void> open(OpenContext context) override {
    auto grant = context.getResults().initOutcome().initValue();
    if (facts_.kind == Kind::xdp)
      fill(grant.initXdp());
    else
      fill(grant.initWire());
    facts_.change_grant(grant);
    return kj::READY_NOW;
  }

 private:
  void fill(protocol::XdpQueue::Builder xdp) {
    xdp.setSocket(event(facts_));
    xdp.setUmem(memory(facts_, facts_.umem_bytes));
    xdp.setFrameBytes(2048);
    xdp.setFrameCount(64);
    xdp.setFillSize(64);
    xdp.setCompletionSize(64);
    xdp.setReceiveSize(64);
    xdp.setTransmitSize(64);
  }
  void fill(protocol::WireQueue::Builder wire) {
    const Wire lonely;
    const Wire& link = facts_.wire != nullptr ? *facts_.wire : lonely;
    wire.setRole(facts_.end == 0 ? protocol::WireQueue::Role::SERVER
                                 : protocol::WireQueue::Role::CLIENT);
    wire.setSocketName(link.socket_name);
    wire.setSecret("secret");
    wire.setRingLog2(10);
    wire.setBufferBytes(2048);
    wire.setDoorbellPage(copy_of(facts_, link.page));
    wire.setBell(copy_of(facts_, link.bells[facts_.end]));
  }

  Facts& facts_;
};

class VnicServer final : public protocol::Vnic::Server {
 public:
  explicit VnicServer(Facts& facts) : facts_{facts} {}

  kj::Promise<void> describe(DescribeContext context) override {
    auto vnic = context.getResults().initVnic();
    vnic.setName("vf0");
    vnic.setProvider(facts_.kind == Kind::xdp ? "xdp" : "wire");
    const kj::byte mac[] = {2, 0xca, 0xfe, 0, 0, 1};
    vnic.setMac(kj::arrayPtr(mac, sizeof(mac)));
    vnic.setMtu(1500);
    vnic.initAddresses(1).set(0, "10.20.0.2/24");
    vnic.initGateways(1).set(0, "10.20.0.1");
    auto neighbor = vnic.initNeighbors(1)[0];
    neighbor.setAddress("10.20.0.1");
    neighbor.setMac(kj::arrayPtr(mac, sizeof(mac)));
    vnic.setQueues(1);
    facts_.change_info(vnic);
    return kj::READY_NOW;
  }
  kj::Promise<void> queues(QueuesContext context) override {
    context.getResults().initOutcome().initValue(1).set(0, kj::heap<QueueServer>(facts_));
    return kj::READY_NOW;
  }

 private:
  Facts& facts_;
};

// Capabilities of who attached.
struct Clients {
  kj::Vector<protocol::Watcher::Client> watchers;
  kj::Maybe<protocol::Visible::Client> visible;
};

class SessionServer final : public protocol::Session::Server {
 public:
  SessionServer(Facts& facts, Clients& clients) : facts_{facts}, clients_{clients} {}

  kj::Promise<void> token(TokenContext context) override {
    context.getResults().setToken(kj::StringPtr{facts_.token.c_str()}.asBytes());
    return kj::READY_NOW;
  }
  kj::Promise<void> vics(VicsContext context) override {
    auto vnics = context.getResults().initVnics(static_cast<unsigned>(facts_.vnics));
    for (unsigned i = 0; i < vnics.size(); ++i) vnics.set(i, kj::heap<VnicServer>(facts_));
    return kj::READY_NOW;
  }
  kj::Promise<void> watch(WatchContext context) override {
    clients_.watchers.add(context.getParams().getWatcher());
    return kj::READY_NOW;
  }
  kj::Promise<void> show(ShowContext context) override {
    clients_.visible = context.getParams().getVisible();
    return kj::READY_NOW;
  }
  kj::Promise<void> end(EndContext) override {
    ++facts_.ended;
    return kj::READY_NOW;
  }

 private:
  Facts& facts_;
  Clients& clients_;
};

class DaemonServer final : public protocol::Arrakisd::Server {
 public:
  DaemonServer(Facts& facts, Clients& clients) : facts_{facts}, clients_{clients} {}

  kj::Promise<void> hello(HelloContext context) override {
    if (facts_.silent) return kj::NEVER_DONE;
    context.getResults().setVersion(facts_.version);
    return kj::READY_NOW;
  }
  kj::Promise<void> attach(AttachContext context) override {
    auto outcome = context.getResults().initOutcome();
    if (!facts_.refusal.message.empty()) {
      auto error = outcome.initError();
      error.setCode(static_cast<protocol::Error::Code>(facts_.refusal.code));
      error.setMessage(facts_.refusal.message);
      error.setRemedy(facts_.refusal.remedy);
      return kj::READY_NOW;
    }
    ++facts_.attached;
    outcome.setValue(kj::heap<SessionServer>(facts_, clients_));
    return kj::READY_NOW;
  }
  kj::Promise<void> restore(RestoreContext context) override {
    const auto token = context.getParams().getToken();
    auto outcome = context.getResults().initOutcome();
    if (!std::equal(token.begin(), token.end(), facts_.token.begin(), facts_.token.end(),
                    [](kj::byte a, char b) { return static_cast<char>(a) == b; })) {
      outcome.initError().setMessage("unknown token");
      return kj::READY_NOW;
    }
    ++facts_.restored;
    outcome.setValue(kj::heap<SessionServer>(facts_, clients_));
    return kj::READY_NOW;
  }

 private:
  Facts& facts_;
  Clients& clients_;
};

int listen_at(const std::string& path) {
  ::unlink(path.c_str());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ARK_CHECK(path.size() < sizeof(address.sun_path));
  path.copy(address.sun_path, path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  ARK_CHECK(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
  ARK_CHECK(::listen(fd, 16) == 0);
  return fd;
}

void announce_to(Clients& clients, const Announcement& announcement, kj::WaitScope& scope) {
  for (auto& watcher : clients.watchers) {
    auto request = watcher.eventRequest();
    auto event = request.initEvent();
    event.setVic(announcement.first);
    event.setKind(announcement.second);
    request.send().ignoreResult().wait(scope);
  }
}

std::string look_into(Clients& clients, const Look& look, kj::WaitScope& scope) {
  const auto error_of = [](auto outcome) -> std::string {
    return outcome.isError() ? outcome.getError().getMessage().cStr() : "";
  };
  KJ_IF_MAYBE (visible, clients.visible) {
    auto request = visible->snapshotRequest();
    request.setMemory(memory(sight::page_bytes));
    auto answer = request.send().wait(scope);
    if (answer.getOutcome().isError()) return error_of(answer.getOutcome());
    auto take = answer.getOutcome().getValue().takeRequest();
    take.setVnic(look.vnic);
    take.setQueue(look.queue);
    take.setWhat(protocol::Snapshot::What::COUNTERS);
    auto taken = take.send().wait(scope);
    return error_of(taken.getOutcome());
  }
  return "nothing is shown";
}

template <class Shared>
void serve(Shared& shared) {
  sigset_t all;  // a client may go before it has read its answer: SIGPIPE
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
  auto io = kj::setupAsyncIo();
  Clients clients;
  capnp::TwoPartyServer server{kj::heap<DaemonServer>(shared.facts, clients)};
  const int fd = listen_at(shared.path);
  auto listener = io.lowLevelProvider->wrapListenSocketFd(kj::AutoCloseFd{fd});
  const auto accepting = server.listenCapStreamReceiver(*listener, 16).eagerlyEvaluate(nullptr);
  shared.listening.set_value();

  kj::UnixEventPort::FdObserver wake{io.unixEventPort, shared.wake,
                                     kj::UnixEventPort::FdObserver::OBSERVE_READ};
  // Edges: one that comes while we announce is heard only if its promise is there already.
  auto woken = wake.whenBecomesReadable();
  for (;;) {
    woken.wait(io.waitScope);
    woken = wake.whenBecomesReadable();
    eventfd_t count = 0;
    eventfd_read(shared.wake, &count);
    std::vector<Announcement> announcements;
    std::optional<Look> look;
    {
      const std::lock_guard lock{shared.mutex};
      if (shared.stop) return;
      announcements = std::exchange(shared.announcements, {});
      look = std::exchange(shared.look, std::nullopt);
    }
    for (const auto& announcement : announcements) announce_to(clients, announcement, io.waitScope);
    if (look) look->answer.set_value(look_into(clients, *look, io.waitScope));
  }
}

}  // namespace

extaris::Descriptor Wire::sealed_page() {
  extaris::Descriptor page{memfd_create("fake-doorbells", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  ARK_CHECK(ftruncate(page.get(), 4096) == 0);
  ARK_CHECK(fcntl(page.get(), F_ADD_SEALS, F_SEAL_SHRINK) == 0);
  return page;
}

std::array<extaris::Descriptor, 2> Wire::socket_pair() {
  int ends[2];
  ARK_CHECK(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) == 0);
  return {extaris::Descriptor{ends[0]}, extaris::Descriptor{ends[1]}};
}

std::string Wire::new_socket_name() {
  static std::atomic<unsigned> next{0};
  return "arrakis-fake-wire-" + std::to_string(::getpid()) + "-" + std::to_string(next++);
}

FakeArrakisd::FakeArrakisd(std::string socket_path, Facts& facts)
    : shared_{std::make_unique<Shared>(std::move(socket_path), facts)} {
  auto listening = shared_->listening.get_future();
  thread_ = std::thread{[this] { serve(*shared_); }};
  listening.get();
}

FakeArrakisd::~FakeArrakisd() {
  {
    const std::lock_guard lock{shared_->mutex};
    shared_->stop = true;
  }
  eventfd_write(shared_->wake, 1);
  thread_.join();
}

void FakeArrakisd::announce(const std::string& vnic, protocol::Watcher::Event::Kind kind) {
  {
    const std::lock_guard lock{shared_->mutex};
    shared_->announcements.emplace_back(vnic, kind);
  }
  eventfd_write(shared_->wake, 1);
}

std::string FakeArrakisd::look(const std::string& vnic, std::uint16_t queue) {
  std::future<std::string> answer;
  {
    const std::lock_guard lock{shared_->mutex};
    shared_->look.emplace(vnic, queue, std::promise<std::string>{});
    answer = shared_->look->answer.get_future();
  }
  eventfd_write(shared_->wake, 1);
  return answer.get();
}

}  // namespace arrakis::client::testing
