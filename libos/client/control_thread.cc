#include "libos/client/control_thread.h"

#include <capnp/capability.h>
#include <kj/exception.h>

#include <csignal>
#include <utility>

#include "libos/client/patience.h"
#include "libos/client/session.h"
#include "libos/client/visibility.h"

namespace arrakis::client {
namespace {

// A daemon that went away is no news for the program's stderr, and no reason to run addr2line.
class Quiet : public kj::ExceptionCallback {
 public:
  void logMessage(kj::LogSeverity, const char*, int, int, kj::String&&) override {}
  StackTraceMode stackTraceMode() override { return StackTraceMode::NONE; }
};

// kj ignores SIGPIPE for the whole process. That is the program's to decide; this thread blocks it.
kj::AsyncIoContext set_up_io() {
  struct sigaction of_the_program{};
  ::sigaction(SIGPIPE, nullptr, &of_the_program);
  auto io = kj::setupAsyncIo();
  ::sigaction(SIGPIPE, &of_the_program, nullptr);
  return io;
}

class EventSink final : public protocol::Watcher::Server {
 public:
  explicit EventSink(EventQueue& queue) : queue_{queue} {}

  kj::Promise<void> event(EventContext context) override {
    const auto message = context.getParams().getEvent();
    const auto kind = static_cast<std::uint16_t>(message.getKind());
    if (kind <=
        static_cast<std::uint16_t>(VnicEvent::Kind::filters_changed))  // else of a later release
      queue_.push({.vnic = message.getVic(), .kind = static_cast<VnicEvent::Kind>(kind)});
    return kj::READY_NOW;
  }

 private:
  EventQueue& queue_;
};

Error explain(const kj::Exception& exception, const ClientOptions& options) {
  switch (exception.getType()) {
    case kj::Exception::Type::OVERLOADED:  // also what timeoutAfter() says
      return {Error::Code::unavailable, "arrakisd at " + options.socket_path + " does not answer",
              "is it stopped? arrakisctl status"};
    case kj::Exception::Type::UNIMPLEMENTED:
      return {Error::Code::unavailable,
              "arrakisd at " + options.socket_path + " does not know what this program asks",
              "use an arrakisd and a libarrakis of the same release"};
    default:
      return {Error::Code::unavailable,
              options.socket_path + " does not speak Arrakis's protocol, or broke off",
              "is it the socket of arrakisd? arrakisctl status"};
  }
}

// Keeps `session`, and gets it back from the next daemon when this one goes away.
class Keeper {
 public:
  Keeper(kj::AsyncIoContext& io, Patience& patience, const ClientOptions& options, Shared& shared,
         Visibility& visibility)
      : io_{io}, patience_{patience}, options_{options}, shared_{shared}, visibility_{visibility} {}

  void keep(std::unique_ptr<Session> session) {
    Token token = session->token();
    while (!patience_.stopping()) {
      if (session) {
        shared_.connected.store(true, std::memory_order_release);
        patience_.until(session->lost());
        shared_.connected.store(false, std::memory_order_release);
        if (patience_.stopping()) break;
        session.reset();
      } else {
        patience_.pause(options_.retry_after);
        if (!patience_.stopping()) session = restored(token);
        if (session) token = session->token();
      }
    }
    if (session) session->end();
  }

 private:
  std::unique_ptr<Session> restored(const Token& token) {
    try {
      auto session = std::make_unique<Session>(io_, patience_, options_.socket_path);
      session->restore(token);
      session->watch(kj::heap<EventSink>(shared_.events));
      session->show(visibility_.capability());
      shared_.restorations.fetch_add(1, std::memory_order_release);
      return session;
    } catch (const Refused&) {  // not there yet, or it does not know us: it may be starting up
      return nullptr;
    } catch (const kj::Exception&) {
      return nullptr;
    }
  }

  kj::AsyncIoContext& io_;
  Patience& patience_;
  const ClientOptions& options_;
  Shared& shared_;
  Visibility& visibility_;
};

void make_windows(const std::vector<VnicGrant>& vnics, std::deque<Window>& windows) {
  for (const VnicGrant& vnic : vnics)
    for (std::size_t queue = 0; queue < vnic.queues.size(); ++queue)
      windows.emplace_back(vnic.info.name, static_cast<std::uint16_t>(queue));
}

}  // namespace

void EventQueue::push(VnicEvent event) {
  const std::lock_guard lock{mutex_};
  if (events_.size() == capacity) events_.pop_front();
  events_.push_back(std::move(event));
  any_.store(true, std::memory_order_release);  // with the load in take()
}

std::optional<VnicEvent> EventQueue::take() {
  if (!any_.load(std::memory_order_acquire)) return std::nullopt;
  const std::lock_guard lock{mutex_};
  if (events_.empty()) return std::nullopt;
  VnicEvent event = std::move(events_.front());
  events_.pop_front();
  any_.store(!events_.empty(), std::memory_order_release);
  return event;
}

void run_control_thread(const ClientOptions& options, Shared& shared, Attachment attachment) {
  const Quiet quiet;
  bool attached = false;
  const auto give_up = [&](Error error) {
    if (!attached) attachment.set_value(std::unexpected(std::move(error)));
  };
  try {
    auto io = set_up_io();
    Patience patience{io, shared.stop.get(), options.answer_time};
    auto visibility = kj::refcounted<Visibility>(io.provider->getTimer(), shared.windows);
    auto session = std::make_unique<Session>(io, patience, options.socket_path);
    std::vector<VnicGrant> vnics = session->attach(options.app);
    make_windows(vnics, shared.windows);
    session->watch(kj::heap<EventSink>(shared.events));
    session->show(visibility->capability());
    shared.connected.store(true, std::memory_order_release);
    attached = true;
    attachment.set_value(std::move(vnics));
    Keeper{io, patience, options, shared, *visibility}.keep(std::move(session));
  } catch (Refused& refused) {
    give_up(std::move(refused.error));
  } catch (const kj::Exception& exception) {
    give_up(explain(exception, options));
  } catch (const std::exception& exception) {
    give_up({Error::Code::internal, exception.what(), ""});
  }
}

}  // namespace arrakis::client
