#include "control-plane/arrakisctl/sights.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "control-plane/model/quote.h"
#include "control-plane/protocol/convert.h"

namespace arrakis::ctl {
namespace {

// Of one queue; who claims to have more is not asked on.
constexpr std::size_t sockets_max = 4'000'000;

SeenApp seen(protocol::AttachedApp::Reader in) {
  SeenApp app{.name = in.getName(), .pid = in.getPid(), .queues = {}, .sight = in.getSight()};
  for (const auto queue : in.getQueues()) app.queues.push_back({queue.getVnic(), queue.getQueue()});
  return app;
}

}  // namespace

Result<std::vector<SeenApp>> look(Connection& connection, const std::string& app) {
  auto request = connection.daemon().lookRequest();
  request.setApp(app.c_str());
  const auto answer = connection.call(kj::mv(request));
  if (!answer) return std::unexpected(answer.error());
  const auto attached = control::unwrap(answer->getOutcome());
  if (!attached) return std::unexpected(attached.error());
  std::vector<SeenApp> apps;
  for (const auto one : attached->getApps()) apps.push_back(seen(one));
  return apps;
}

Result<kj::AutoCloseFd> receive(Connection& connection, protocol::Descriptor::Client descriptor) {
  const auto fd = connection.wait(descriptor.getFd());
  if (!fd) return std::unexpected(fd.error());
  KJ_IF_MAYBE (number, *fd) {
    kj::AutoCloseFd own{::fcntl(*number, F_DUPFD_CLOEXEC, 0)};
    if (own.get() >= 0) return own;
  }
  return fail(Exit::other, "arrakisd sent no descriptor where one was due",
              "use arrakisctl and arrakisd of one release");
}

Result<Snapshot> Snapshot::of(Connection& connection, SeenApp& app) {
  const auto answer = connection.call(app.sight.snapshotRequest());
  if (!answer) return std::unexpected(answer.error());
  const auto view = control::unwrap(answer->getOutcome());
  if (!view) return std::unexpected(view.error());
  auto memory = receive(connection, view->getMemory());
  if (!memory) return std::unexpected(memory.error());
  return Snapshot{connection, app.name, view->getSnapshot(), kj::mv(*memory)};
}

std::unexpected<Failure> Snapshot::nonsense(std::string_view what) const {
  return fail(Exit::other,
              "the application " + control::quote(app_) + " wrote nonsense: " + std::string{what},
              "it is broken or hostile; or use arrakisctl and libarrakis of one release");
}

Result<void> Snapshot::take(const QueueName& queue, What what, std::uint64_t cursor) {
  auto request = snapshot_.takeRequest();
  request.setVnic(queue.vnic.c_str());
  request.setQueue(queue.queue);
  request.setWhat(what);
  request.setCursor(cursor);
  const auto answer = connection_.call(kj::mv(request));
  if (!answer) return std::unexpected(answer.error());
  const auto done = control::unwrap(answer->getOutcome());
  if (!done) {
    Failure failure{done.error()};
    if (failure.error.message.find(app_) == std::string::npos)
      failure.error.message = app_ + ": " + failure.error.message;
    return std::unexpected(std::move(failure));
  }
  const ssize_t got = ::pread(memory_, page_.data(), page_.size(), 0);
  if (got == static_cast<ssize_t>(page_.size())) return {};
  return fail(Exit::other, std::string{"the answer cannot be read: "} + std::strerror(errno));
}

Result<std::vector<sight::SocketRecord>> Snapshot::sockets(const QueueName& queue) {
  std::vector<sight::SocketRecord> all;
  for (std::uint64_t cursor = 0;;) {
    if (const auto taken = take(queue, What::SOCKETS, cursor); !taken)
      return std::unexpected(taken.error());
    const auto page = sight::read_sockets(page_);
    if (!page) return nonsense(page.error());
    all.insert(all.end(), page->records.begin(), page->records.end());
    if (!page->next_cursor) return all;
    if (*page->next_cursor <= cursor) return nonsense("its list goes in circles");
    if (all.size() > sockets_max) return nonsense("more sockets than there can be");
    cursor = *page->next_cursor;
  }
}

Result<std::vector<std::uint64_t>> Snapshot::counters(const QueueName& queue) {
  if (const auto taken = take(queue, What::COUNTERS, 0); !taken)
    return std::unexpected(taken.error());
  auto values = sight::read_counters(page_);
  if (!values) return nonsense(values.error());
  return std::move(*values);
}

}  // namespace arrakis::ctl
