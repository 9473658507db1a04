// task.h: a coroutine of an Arrakis program.
//
//   arrakis::Task<> serve(arrakis::TcpStream client) {
//     while (arrakis::TcpBuffer text = co_await client.receive())
//       if (!co_await client.send(std::move(text))) co_return;
//   }
//
// A task does nothing until it is given to Scheduler::start(), which owns it from then on, or is
// awaited by another one; start() of its own runs it in the hands of who holds it.
//
// Threads:  those of its scheduler: one at a time.
// Lifetime: dropping a task that waits cancels it: it never goes on, its locals are destroyed in
//           order, and whatever it waited for is none the poorer (nothing received is lost). A task
//           must not drop itself while it runs, nor outlive its scheduler.
// Memory:   its frame comes from the pool of the first argument that has one (a Scheduler, a
//           TcpStream, a TcpAcceptor, a TcpReader), else from the heap. No await takes any.
// Errors:   values. An exception that leaves a task ends the program.
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "arrakis/frame_pool.h"

namespace arrakis {

class Scheduler;

// What a scheduler knows of each task it owns.
struct TaskLink {
  Scheduler* owner = nullptr;  // nullptr: somebody else owns it
  TaskLink* next = nullptr;
  TaskLink* previous = nullptr;
  std::coroutine_handle<> frame;
};

namespace detail {

template <class T>
concept HasFrames = requires(T& object) {
  { object.frames() } -> std::same_as<FramePool&>;
};

inline FramePool* pool_among() noexcept { return nullptr; }
template <class First, class... Rest>
FramePool* pool_among(First& first, Rest&... rest) noexcept {
  if constexpr (HasFrames<First>)
    return &first.frames();
  else
    return pool_among(rest...);
}

// Unlinks the task and destroys its frame.
void end_owned(TaskLink& task) noexcept;

class PromiseBase : public TaskLink {
 public:
  template <class... Arguments>
  static void* operator new(std::size_t bytes, Arguments&... arguments) {
    return FramePool::take(bytes, pool_among(arguments...));
  }
  static void operator delete(void* frame) noexcept { FramePool::give_back(frame); }

  std::suspend_always initial_suspend() const noexcept { return {}; }
  auto final_suspend() const noexcept { return Final{}; }
  [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }

  std::coroutine_handle<> awaited_by;  // goes on when this one is done

 private:
  struct Final {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) const noexcept {
      PromiseBase& promise = self.promise();
      if (promise.awaited_by) return promise.awaited_by;
      if (promise.owner != nullptr) end_owned(promise);
      return std::noop_coroutine();
    }
    void await_resume() const noexcept {}
  };
};

template <class T>
struct Promise : PromiseBase {
  std::optional<T> value;
  template <class From>
  void return_value(From&& from) {
    value.emplace(std::forward<From>(from));
  }
  T take() { return std::move(*value); }
};
template <>
struct Promise<void> : PromiseBase {
  void return_void() const noexcept {}
  void take() const noexcept {}
};

}  // namespace detail

template <class T = void>
class [[nodiscard]] Task {
 public:
  struct promise_type : detail::Promise<T> {
    Task get_return_object() {
      const auto self = std::coroutine_handle<promise_type>::from_promise(*this);
      this->frame = self;
      return Task{self};
    }
  };

  Task(Task&& other) noexcept : frame_{std::exchange(other.frame_, nullptr)} {}
  Task& operator=(Task&& other) noexcept {
    Task old{std::move(other)};
    std::swap(frame_, old.frame_);
    return *this;
  }
  ~Task() {
    if (frame_) frame_.destroy();
  }

  // Runs until it waits for the first time, or is done. REQUIRES: it has not been started.
  void start() { frame_.resume(); }
  bool is_done() const noexcept { return frame_.done(); }

  // Awaiting a task starts it; its result is that of the await. It must not be dropped meanwhile.
  auto operator co_await() && noexcept { return Awaiter{frame_}; }

 private:
  friend class Scheduler;
  using Frame = std::coroutine_handle<promise_type>;
  struct Awaiter {
    Frame task;
    bool await_ready() const noexcept { return false; }
    // It is run from here and not by a transfer, so that tasks which never wait, one after the
    // other, use no more stack than one.
    bool await_suspend(std::coroutine_handle<> caller) const noexcept {
      task.resume();
      if (task.done()) return false;
      task.promise().awaited_by = caller;
      return true;
    }
    T await_resume() const { return task.promise().take(); }
  };

  explicit Task(Frame frame) noexcept : frame_{frame} {}

  Frame frame_;  // empty: moved from
};

}  // namespace arrakis
