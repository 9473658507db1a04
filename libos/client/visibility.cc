#include "libos/client/visibility.h"

#include <sys/stat.h>

#include "control-plane/protocol/capture_ring.h"
#include "control-plane/protocol/sight.h"

namespace arrakis::client {
namespace {

constexpr auto look_again = 1 * kj::MILLISECONDS;

std::string name_of(const Window& window) {
  return window.vnic() + "/" + std::to_string(window.queue());
}

template <class OutcomeBuilder>
void refuse(OutcomeBuilder outcome, const Error& error) {
  auto out = outcome.initError();
  out.setCode(static_cast<protocol::Error::Code>(error.code));
  out.setMessage(error.message);
  out.setRemedy(error.remedy);
}

Error no_such_queue(const std::string& vnic, std::uint16_t queue) {
  return {Error::Code::not_found, vnic + "/" + std::to_string(queue) + " came after it attached",
          "start the application again to use it"};
}

// Memory that arrakisd sent, all of it mapped; holds nothing: that is no such memory.
kj::Promise<extaris::Mapping> map(protocol::Descriptor::Client descriptor, std::size_t bytes) {
  auto sent = descriptor.getFd();
  return sent
      .then([bytes](kj::Maybe<int> maybe) -> extaris::Mapping {
        KJ_IF_MAYBE (fd, maybe) {
          struct stat status{};
          if (::fstat(*fd, &status) != 0 || !S_ISREG(status.st_mode) ||
              static_cast<std::size_t>(status.st_size) < bytes)
            return {};
          return extaris::Mapping::of(*fd, bytes);
        }
        return {};
      })
      .attach(kj::mv(descriptor));
}

Error no_memory() {
  return {Error::Code::exhausted, "the application cannot map the memory of the answer",
          "raise its limits: ulimit -n, ulimit -v"};
}

class SnapshotServer final : public protocol::Snapshot::Server {
 public:
  SnapshotServer(kj::Own<Visibility> visibility, extaris::Mapping memory)
      : visibility_{kj::mv(visibility)}, memory_{std::move(memory)} {}

  kj::Promise<void> take(TakeContext context) override {
    context.allowCancellation();  // the window keeps what the queue may still write into
    const auto parameters = context.getParams();
    const std::string vnic = parameters.getVnic();
    Window* window = visibility_->find(vnic, parameters.getQueue());
    if (window == nullptr) {
      refuse(context.getResults().initOutcome(), no_such_queue(vnic, parameters.getQueue()));
      return kj::READY_NOW;
    }
    if (!memory_) {
      refuse(context.getResults().initOutcome(),
             {Error::Code::conflict, "the page before is still being written", "ask one by one"});
      return kj::READY_NOW;
    }
    const bool counters = parameters.getWhat() == protocol::Snapshot::What::COUNTERS;
    const Question question{.what = counters ? Question::What::counters : Question::What::sockets,
                            .cursor = parameters.getCursor(),
                            .memory = memory_.bytes()};
    return visibility_->ask(*window, question, std::move(memory_))
        .then([this, context](Visibility::Answer answer) mutable {
          memory_ = std::move(answer.memory);
          auto outcome = context.getResults().initOutcome();
          if (answer.outcome)
            outcome.initValue();
          else
            refuse(outcome, answer.outcome.error());
        });
  }

 private:
  kj::Own<Visibility> visibility_;
  extaris::Mapping memory_;
};

class CaptureServer final : public protocol::Capture::Server {
 public:
  CaptureServer(kj::Own<Visibility> visibility, Window& window)
      : visibility_{kj::mv(visibility)}, window_{window} {}
  ~CaptureServer() noexcept(false) { visibility_->end_capture(window_); }
  KJ_DISALLOW_COPY(CaptureServer);

  kj::Promise<void> ended(EndedContext context) override {
    context.allowCancellation();  // the question must not hold what it asks about
    return kj::NEVER_DONE;
  }

 private:
  kj::Own<Visibility> visibility_;
  Window& window_;
};

class VisibleServer final : public protocol::Visible::Server {
 public:
  explicit VisibleServer(kj::Own<Visibility> visibility) : visibility_{kj::mv(visibility)} {}

  kj::Promise<void> snapshot(SnapshotContext context) override {
    context.allowCancellation();
    return map(context.getParams().getMemory(), sight::page_bytes)
        .then([this, context](extaris::Mapping memory) mutable {
          auto outcome = context.getResults().initOutcome();
          if (!memory) return refuse(outcome, no_memory());
          outcome.setValue(kj::heap<SnapshotServer>(kj::addRef(*visibility_), std::move(memory)));
        });
  }

  kj::Promise<void> capture(CaptureContext context) override {
    context.allowCancellation();
    const auto parameters = context.getParams();
    const std::string vnic = parameters.getVnic();
    Window* window = visibility_->find(vnic, parameters.getQueue());
    if (window == nullptr) {
      refuse(context.getResults().initOutcome(), no_such_queue(vnic, parameters.getQueue()));
      return kj::READY_NOW;
    }
    return map(parameters.getMemory(), sight::capture_bytes)
        .then([this, context, window](extaris::Mapping memory) mutable -> kj::Promise<void> {
          if (!memory) {
            refuse(context.getResults().initOutcome(), no_memory());
            return kj::READY_NOW;
          }
          return begin(context, *window, std::move(memory));
        });
  }

 private:
  kj::Promise<void> begin(CaptureContext context, Window& window, extaris::Mapping memory) {
    if (window.is_captured()) {
      refuse(context.getResults().initOutcome(),
             {Error::Code::conflict, "somebody captures " + name_of(window) + " already",
              "wait until that has ended"});
      return kj::READY_NOW;
    }
    const Question question{.what = Question::What::begin_capture,
                            .snap_bytes = context.getParams().getSnapBytes(),
                            .memory = memory.bytes()};
    window.keep_ring(std::move(memory));
    // Whatever becomes of this call, the capture ends with it.
    auto server = kj::heap<CaptureServer>(kj::addRef(*visibility_), window);
    return visibility_->ask(window, question, {})
        .then([context, server = kj::mv(server)](Visibility::Answer answer) mutable {
          auto outcome = context.getResults().initOutcome();
          if (answer.outcome)
            outcome.setValue(kj::mv(server));
          else
            refuse(outcome, answer.outcome.error());
        });
  }

  kj::Own<Visibility> visibility_;
};

}  // namespace

protocol::Visible::Client Visibility::capability() {
  return kj::heap<VisibleServer>(kj::addRef(*this));
}

Window* Visibility::find(std::string_view vnic, std::uint16_t queue) {
  for (Window& window : windows_)
    if (window.vnic() == vnic && window.queue() == queue) return &window;
  return nullptr;
}

kj::Promise<Visibility::Answer> Visibility::ask(Window& window, Question question,
                                                extaris::Mapping memory) {
  return ask_until(window, question, std::move(memory),
                   timer_.now() + answer_time.ns * kj::NANOSECONDS);
}

// The queue may be busy with the question of somebody else.
kj::Promise<Visibility::Answer> Visibility::ask_until(Window& window, Question question,
                                                      extaris::Mapping memory,
                                                      kj::TimePoint deadline) {
  if (window.ask(question, memory)) return wait_until(window, deadline);
  if (timer_.now() >= deadline || window.stage() == Window::Stage::closed)
    return Answer{
        fail(Error::Code::unavailable, "no thread drives " + name_of(window) + " now", "try again"),
        std::move(memory)};
  return timer_.afterDelay(look_again)
      .then([this, &window, question, memory = std::move(memory), deadline]() mutable {
        return ask_until(window, question, std::move(memory), deadline);
      });
}

kj::Promise<Visibility::Answer> Visibility::wait_until(Window& window, kj::TimePoint deadline) {
  if (window.settle()) return Answer{{}, window.memory_back()};
  if (window.stage() == Window::Stage::closed)
    return Answer{fail(Error::Code::unavailable, name_of(window) + " is gone"),
                  window.memory_back()};
  if (timer_.now() >= deadline && window.withdraw())
    return Answer{fail(Error::Code::unavailable,
                       "the thread of " + name_of(window) + " did not poll for " +
                           std::to_string(answer_time.ns / Duration::seconds(1).ns) + " s",
                       "it computes, or nobody drives that queue"),
                  window.memory_back()};
  return timer_.afterDelay(look_again).then([this, &window, deadline] {
    return wait_until(window, deadline);
  });
}

void Visibility::end_capture(Window& window) { tasks_.add(end_capture_at_last(window)); }

kj::Promise<void> Visibility::end_capture_at_last(Window& window) {
  return ask(window, {.what = Question::What::end_capture}, {})
      .then([this, &window](Answer answer) -> kj::Promise<void> {
        if (answer.outcome || window.stage() == Window::Stage::closed) {
          window.keep_ring({});
          return kj::READY_NOW;
        }
        return timer_.afterDelay(100 * kj::MILLISECONDS).then([this, &window] {
          return end_capture_at_last(window);
        });
      });
}

}  // namespace arrakis::client
