// waiter.h: somebody who waits: what co_await of a stream, an acceptor or a connection is made of.
//
// Lifetime: lives in the frame of the coroutine that waits, and leaves every list when that frame
//           is destroyed, so dropping a task is all there is to cancelling it. Nothing is taken
//           from a connection before the coroutine goes on, so a cancelled wait loses nothing.
// Threads:  those of its scheduler.
// Memory:   none but its own.
#pragma once

#include <coroutine>

namespace arrakis {

class Scheduler;

class [[nodiscard]] Waiter {
 public:
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  bool await_ready() noexcept { return is_done(); }
  void await_suspend(std::coroutine_handle<> frame) noexcept;

 protected:
  // Whether the coroutine can go on; asked when there is news for the place.
  using Ask = bool (*)(Waiter& self) noexcept;
  // `place`: where the scheduler finds who waits for that; `subject`: the object that is awaited.
  Waiter(Scheduler& scheduler, Waiter*& place, void* subject, Ask ask) noexcept
      : scheduler_{scheduler}, place_{place}, subject_{subject}, ask_{ask} {}
  ~Waiter();

  // nullptr: it was dropped meanwhile.
  void* subject() const noexcept { return subject_; }
  // Is asked again before long, though nothing may happen at its place.
  void ask_again() noexcept;

 private:
  friend class Scheduler;
  bool is_done() noexcept { return ask_(*this); }
  void leave() noexcept;

  Scheduler& scheduler_;
  Waiter*& place_;
  void* subject_;
  Ask ask_;
  std::coroutine_handle<> frame_;  // empty: does not wait
  Waiter* next_ = nullptr;         // in the list of those that are asked again
  Waiter* previous_ = nullptr;
  bool is_listed_ = false;
};

}  // namespace arrakis
