#include "control-plane/arrakisd/sight_server.h"

#include <fcntl.h>
#include <kj/debug.h>
#include <sys/mman.h>
#include <unistd.h>

#include "control-plane/arrakisd/audit.h"
#include "control-plane/arrakisd/queue_server.h"
#include "control-plane/arrakisd/session_server.h"
#include "control-plane/policy/decide.h"
#include "control-plane/protocol/capture_ring.h"
#include "control-plane/protocol/convert.h"
#include "control-plane/protocol/sight.h"

namespace arrakis::control {
namespace {

constexpr const char* cell_name = "sight";

Error gone(const Seen& seen) {
  return {Error::Code::unavailable,
          "the application " + quote(seen.app) + " has ended, or is about to",
          "see what is attached: arrakisctl list-apps"};
}

Error explain(const kj::Exception& exception, const Seen& seen) {
  const std::string who =
      "the application " + quote(seen.app) + " (pid " + std::to_string(seen.pid) + ")";
  switch (exception.getType()) {
    case kj::Exception::Type::OVERLOADED:  // also what timeoutAfter() says
      return {Error::Code::unavailable, who + " does not answer",
              "is it stopped? kill -CONT " + std::to_string(seen.pid)};
    case kj::Exception::Type::UNIMPLEMENTED:
      return {Error::Code::unavailable, who + " cannot be looked into",
              "build it with a libarrakis of the release of arrakisd"};
    default: return gone(seen);
  }
}

// What becomes of a call when its question to the application fails.
template <class Context>
auto refusal(Context context, const Seen& seen) {
  return [context, seen](kj::Exception&& exception) mutable {
    refuse(context.getResults().initOutcome(), explain(exception, seen));
  };
}

// Both sides may map all of it, and none can make it shorter under the other.
kj::AutoCloseFd sealed_memory(std::size_t bytes) {
  kj::AutoCloseFd fd{::memfd_create("arrakis-sight", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  const bool made = fd.get() >= 0 && ::ftruncate(fd, static_cast<off_t>(bytes)) == 0 &&
                    ::fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0;
  return made ? kj::mv(fd) : kj::AutoCloseFd{};
}

// Memory that two connections were handed; taken from both when it is not needed any more.
class SharedMemory {
 public:
  static Outcome<kj::Own<SharedMemory>> make(Client& reader, Client& writer, std::size_t bytes) {
    if (!reader.has_room(1) || !writer.has_room(1))
      return fail(Error::Code::exhausted, "too many look into this application already",
                  "wait until one of them has ended");
    kj::AutoCloseFd memory = sealed_memory(bytes);
    kj::AutoCloseFd copy{::fcntl(memory.get(), F_DUPFD_CLOEXEC, 0)};
    if (copy.get() < 0)
      return fail(Error::Code::exhausted, "there is no memory or no descriptor left", "try again");
    return kj::heap<SharedMemory>(reader.keep_again(cell_name, kj::mv(memory)),
                                  writer.keep_again(cell_name, kj::mv(copy)));
  }
  SharedMemory(kj::Own<DescriptorCell> reader, kj::Own<DescriptorCell> writer)
      : reader_{kj::mv(reader)}, writer_{kj::mv(writer)} {}
  ~SharedMemory() noexcept(false) {
    reader_->blank();
    writer_->blank();
  }
  KJ_DISALLOW_COPY(SharedMemory);

  protocol::Descriptor::Client for_reader(Client& client) { return descriptor(client, *reader_); }
  protocol::Descriptor::Client for_writer(Client& client) { return descriptor(client, *writer_); }

 private:
  static protocol::Descriptor::Client descriptor(Client& client, DescriptorCell& cell) {
    return kj::heap<DescriptorServer<protocol::Descriptor>>(client, kj::addRef(cell));
  }
  kj::Own<DescriptorCell> reader_, writer_;
};

class SnapshotServer final : public protocol::Snapshot::Server {
 public:
  SnapshotServer(Client& client, Seen seen, protocol::Snapshot::Client inner,
                 kj::Own<SharedMemory> memory)
      : client_{client}, seen_{std::move(seen)}, inner_{kj::mv(inner)}, memory_{kj::mv(memory)} {}

  kj::Promise<void> take(TakeContext context) override {
    context.allowCancellation();
    SessionServer* session = client_->sessions().session_of(seen_.lease);
    if (session == nullptr) {
      refuse(context.getResults().initOutcome(), gone(seen_));
      return kj::READY_NOW;
    }
    auto request = inner_.takeRequest();
    const auto parameters = context.getParams();
    request.setVnic(parameters.getVnic());
    request.setQueue(parameters.getQueue());
    request.setWhat(parameters.getWhat());
    request.setCursor(parameters.getCursor());
    return session->ask(kj::mv(request))
        .then(
            [context](auto&& answer) mutable {
              auto outcome = context.getResults().initOutcome();
              const auto value = unwrap(answer.getOutcome());
              if (value)
                outcome.initValue();
              else
                refuse(outcome, value.error());
            },
            refusal(context, seen_));
  }

 private:
  ClientRef client_;
  Seen seen_;
  protocol::Snapshot::Client inner_;
  kj::Own<SharedMemory> memory_;
};

class CaptureServer final : public protocol::Capture::Server {
 public:
  CaptureServer(Client& client, protocol::Capture::Client inner, kj::Own<SharedMemory> memory)
      : client_{client},
        memory_{kj::mv(memory)},
        inner_{kj::mv(inner)},
        ended_{inner_.endedRequest().send().ignoreResult().catch_([](kj::Exception&&) {}).fork()} {}

  // An application that answers without having ended is taken at its word.
  kj::Promise<void> ended(EndedContext context) override {
    context.allowCancellation();  // who asks goes away: an open question must not hold the capture
    return ended_.addBranch();
  }

 private:
  ClientRef client_;
  kj::Own<SharedMemory> memory_;
  protocol::Capture::Client inner_;
  kj::ForkedPromise<void> ended_;
};

// The application's side of a look, or why there is none.
struct Insight {
  SessionServer& session;
  protocol::Visible::Client visible;
  kj::Own<SharedMemory> memory;
};

Outcome<Insight> begin(Client& client, const Seen& seen, std::size_t bytes) {
  SessionServer* session = client.sessions().session_of(seen.lease);
  if (session == nullptr) return std::unexpected(gone(seen));
  KJ_IF_MAYBE (visible, session->visible()) {
    auto memory = SharedMemory::make(client, session->client(), bytes);
    if (!memory) return std::unexpected(memory.error());
    return Insight{*session, kj::mv(*visible), kj::mv(*memory)};
  }
  return std::unexpected(explain(KJ_EXCEPTION(UNIMPLEMENTED, "never shown"), seen));
}

}  // namespace

Outcome<std::vector<Lease>> leases_to_see(Client& client, std::string_view app) {
  const Subject& subject = client.peer().subject;
  std::vector<Lease> seen;
  for (Lease& lease : client.registry().leases()) {
    if (!app.empty() && lease.stored.app != app) continue;
    const auto may = may_look(subject, lease.stored.app, lease.stored.process.uid);
    if (may)
      seen.push_back(std::move(lease));
    else if (!app.empty())
      return std::unexpected(may.error());
  }
  if (!seen.empty() || app.empty()) return seen;
  return fail(Error::Code::not_found, "no application " + quote(app) + " is attached",
              "start it with: arrakisctl run --app NAME -- PROGRAM");
}

void describe(Client& client, const std::vector<Lease>& leases, protocol::Attached::Builder out) {
  Registry& registry = client.registry();
  auto apps = out.initApps(static_cast<unsigned>(leases.size()));
  for (unsigned i = 0; i < apps.size(); ++i) {
    const Lease& lease = leases[i];
    apps[i].setName(lease.stored.app.c_str());
    apps[i].setPid(lease.stored.process.pid);
    std::vector<std::pair<std::string, std::uint16_t>> queues;
    for (const std::string& name : registry.vnics_of(lease.id))
      if (const auto vnic = registry.vnic(lease.id, name))
        for (std::uint16_t q = 0; q < (*vnic)->spec.queues; ++q) queues.emplace_back(name, q);
    auto names = apps[i].initQueues(static_cast<unsigned>(queues.size()));
    for (unsigned q = 0; q < names.size(); ++q) {
      names[q].setVnic(queues[q].first.c_str());
      names[q].setQueue(queues[q].second);
    }
    apps[i].setSight(
        kj::heap<SightServer>(client, Seen{lease.id, lease.stored.app, lease.stored.process.pid}));
  }
}

// A call that cannot be cancelled outlives its connection, and may outlive the daemon's own parts:
// no question to an application is one.
kj::Promise<void> SightServer::snapshot(SnapshotContext context) {
  context.allowCancellation();
  auto insight = begin(*client_, seen_, sight::page_bytes);
  if (!insight) {
    refuse(context.getResults().initOutcome(), insight.error());
    return kj::READY_NOW;
  }
  auto request = insight->visible.snapshotRequest();
  request.setMemory(insight->memory->for_writer(insight->session.client()));
  return insight->session.ask(kj::mv(request))
      .then(
          [this, context, memory = kj::mv(insight->memory)](auto&& answer) mutable {
            auto outcome = context.getResults().initOutcome();
            auto inner = unwrap(answer.getOutcome());
            if (!inner) return refuse(outcome, inner.error());
            auto view = outcome.initValue();
            view.setMemory(memory->for_reader(*client_));
            view.setSnapshot(
                kj::heap<SnapshotServer>(*client_, seen_, kj::mv(*inner), kj::mv(memory)));
          },
          refusal(context, seen_));
}

kj::Promise<void> SightServer::capture(CaptureContext context) {
  context.allowCancellation();
  auto insight = begin(*client_, seen_, sight::capture_bytes);
  audit(client_->peer(), "capture", seen_.app, insight);
  if (!insight) {
    refuse(context.getResults().initOutcome(), insight.error());
    return kj::READY_NOW;
  }
  const auto parameters = context.getParams();
  auto request = insight->visible.captureRequest();
  request.setMemory(insight->memory->for_writer(insight->session.client()));
  request.setVnic(parameters.getVnic());
  request.setQueue(parameters.getQueue());
  request.setSnapBytes(parameters.getSnapBytes());
  return insight->session.ask(kj::mv(request))
      .then(
          [this, context, memory = kj::mv(insight->memory)](auto&& answer) mutable {
            auto outcome = context.getResults().initOutcome();
            auto inner = unwrap(answer.getOutcome());
            if (!inner) return refuse(outcome, inner.error());
            auto view = outcome.initValue();
            view.setMemory(memory->for_reader(*client_));
            view.setCapture(kj::heap<CaptureServer>(*client_, kj::mv(*inner), kj::mv(memory)));
          },
          refusal(context, seen_));
}

}  // namespace arrakis::control
