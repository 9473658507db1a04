#include "arrakis/scheduler.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"

namespace arrakis {
namespace {

// How soon who found the pool of packets used up tries again: whoever gives packets back need not
// have news for it.
constexpr Duration starved_retry = Duration::milliseconds(1);

}  // namespace

// ---- Waiter

void Waiter::await_suspend(std::coroutine_handle<> frame) noexcept {
  ARK_CHECK(place_ == nullptr);  // one task at a time receives, sends or accepts
  place_ = this;
  frame_ = frame;
}

Waiter::~Waiter() { leave(); }

void Waiter::leave() noexcept {
  if (place_ == this) place_ = nullptr;
  scheduler_.unlist(*this);
}

void Waiter::ask_again() noexcept { scheduler_.list(*this); }

// ---- tasks

Scheduler::~Scheduler() {
  while (tasks_ != nullptr) detail::end_owned(*tasks_);
}

void Scheduler::start(Task<>&& task) noexcept {
  const Task<>::Frame frame = std::exchange(task.frame_, nullptr);
  TaskLink& link = frame.promise();
  link.owner = this;
  link.next = tasks_;
  if (tasks_ != nullptr) tasks_->previous = &link;
  tasks_ = &link;
  frame.resume();
}

void detail::end_owned(TaskLink& task) noexcept {
  if (task.previous != nullptr)
    task.previous->next = task.next;
  else
    task.owner->tasks_ = task.next;
  if (task.next != nullptr) task.next->previous = task.previous;
  task.frame.destroy();  // and the link with it
}

// ---- turns

void Scheduler::run() noexcept {
  is_stopped_ = false;
  while (tasks_ != nullptr && !is_stopped_) run_once();
  queue_.poll();  // what the last one sent leaves
}

void Scheduler::run_once(std::optional<Duration> timeout) noexcept {
  let_go();
  if (tasks_ == nullptr || is_stopped_) timeout = Duration{};
  if (listed_ != nullptr) timeout = std::min(timeout.value_or(starved_retry), starved_retry);
  queue_.wait(timeout);
  let_go();
}

void Scheduler::let_go() noexcept {
  std::array<TcpEvent, 64> room;
  do {
    has_dropped_ = false;
    ask_listed();
    for (auto events = queue_.tcp_events(room); !events.empty(); events = queue_.tcp_events(room))
      for (const TcpEvent& event : events) take(event);
  } while (has_dropped_);
}

void Scheduler::take(const TcpEvent& event) noexcept {
  if ((event.what & TcpEvent::acceptable) != 0) {
    if (event.id < acceptor_places_.size()) ask(acceptor_places_[event.id]);
    return;
  }
  if (event.id >= places_.size()) return;
  Place& at = places_[event.id];
  ask(at.receiver);
  ask(at.sender);
}

void Scheduler::ask(Waiter* waiter) noexcept {
  if (waiter == nullptr || !waiter->is_done()) return;
  waiter->leave();
  waiter->frame_.resume();
}

// Each that stands in the list now, once: who still starves stands behind them again.
void Scheduler::ask_listed() noexcept {
  Waiter* const last = listed_last_;
  while (listed_ != nullptr) {
    Waiter* waiter = listed_;
    const bool is_last = waiter == last;
    unlist(*waiter);
    ask(waiter);
    if (is_last) return;
  }
}

void Scheduler::list(Waiter& waiter) noexcept {
  if (std::exchange(waiter.is_listed_, true)) return;
  waiter.next_ = nullptr;
  waiter.previous_ = std::exchange(listed_last_, &waiter);
  (waiter.previous_ != nullptr ? waiter.previous_->next_ : listed_) = &waiter;
}

void Scheduler::unlist(Waiter& waiter) noexcept {
  if (!std::exchange(waiter.is_listed_, false)) return;
  (waiter.previous_ != nullptr ? waiter.previous_->next_ : listed_) = waiter.next_;
  (waiter.next_ != nullptr ? waiter.next_->previous_ : listed_last_) = waiter.previous_;
}

// ---- places

Scheduler::Place& Scheduler::place(std::uint32_t connection) {
  if (connection >= places_.size()) places_.resize(connection + 1);
  return places_[connection];
}

Waiter*& Scheduler::acceptor_place(std::uint32_t listener) {
  if (listener >= acceptor_places_.size()) acceptor_places_.resize(listener + 1);
  return acceptor_places_[listener];
}

void Scheduler::set_subject(Waiter* waiter, void* subject) noexcept {
  if (waiter == nullptr) return;
  waiter->subject_ = subject;
  if (subject != nullptr) return;
  waiter->place_ = nullptr;  // the next tenant's
  list(*waiter);
  has_dropped_ = true;
}

// ---- TCP

std::expected<TcpAcceptor, BindError> Scheduler::listen_tcp(std::uint16_t port,
                                                            const TcpListenOptions& options) {
  return listen_tcp(Endpoint{.address = {}, .port = port}, options);
}

std::expected<TcpAcceptor, BindError> Scheduler::listen_tcp(const Endpoint& local,
                                                            const TcpListenOptions& options) {
  auto listener = queue_.listen_tcp(local, options);
  if (!listener) return std::unexpected(listener.error());
  return TcpAcceptor{*this, std::move(*listener)};
}

TcpConnecting Scheduler::connect_tcp(const Endpoint& remote, const TcpConnectOptions& options) {
  return {*this, queue_.connect_tcp(remote, options)};
}

}  // namespace arrakis
