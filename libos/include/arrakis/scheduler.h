// scheduler.h: runs tasks on one queue: waits for packets, and lets go on whoever waited for what
// they brought.
//
// Threads:  those of its queue: one at a time. Several queues: a scheduler and a thread each.
// Lifetime: lives shorter than its queue, and longer than every stream, acceptor and task of it.
//           Destroying it cancels the tasks that it owns.
// Memory:   opening a connection may take some; waiting, receiving and sending take none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <expected>
#include <optional>
#include <utility>

#include "arrakis/frame_pool.h"
#include "arrakis/queue.h"
#include "arrakis/task.h"
#include "arrakis/tcp.h"
#include "arrakis/tcp_stream.h"
#include "arrakis/waiter.h"

namespace arrakis {

class Scheduler {
 public:
  explicit Scheduler(Queue& queue) noexcept : queue_{queue} {}
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;
  ~Scheduler();

  // Owns the task until it is done, and runs it until it waits for the first time.
  void start(Task<>&& task) noexcept;

  // Starts handler(TcpStream), a Task<>, for each who connects.
  template <class Handler>
  void serve(TcpAcceptor&& acceptor, Handler handler) {
    start(accept_each(*this, std::move(acceptor), std::move(handler)));
  }

  // Until no task is left, or stop() was called.
  void run() noexcept;
  // Waits for packets for at most that long, and lets go on who can.
  void run_once(std::optional<Duration> timeout = std::nullopt) noexcept;
  void stop() noexcept { is_stopped_ = true; }  // by a task of its own

  std::expected<TcpAcceptor, BindError> listen_tcp(std::uint16_t port,
                                                   const TcpListenOptions& options = {});
  std::expected<TcpAcceptor, BindError> listen_tcp(const Endpoint& local,
                                                   const TcpListenOptions& options = {});
  // co_await it: std::expected<TcpStream, ConnectError>.
  TcpConnecting connect_tcp(const Endpoint& remote, const TcpConnectOptions& options = {});

  Queue& queue() noexcept { return queue_; }
  FramePool& frames() noexcept { return frames_; }

 private:
  friend class Waiter;
  friend class TcpStream;
  friend class TcpAcceptor;
  friend class TcpReceiving;
  friend class TcpReading;
  friend class TcpSending;
  friend class TcpAccepting;
  friend class TcpConnecting;
  friend void detail::end_owned(TaskLink& task) noexcept;
  // Who waits for a connection, by its id.
  struct Place {
    Waiter* receiver = nullptr;
    Waiter* sender = nullptr;
  };

  template <class Handler>
  static Task<> accept_each(Scheduler& scheduler, TcpAcceptor acceptor, Handler handler) {
    while (auto client = co_await acceptor.accept()) scheduler.start(handler(std::move(*client)));
  }

  Place& place(std::uint32_t connection);
  Waiter*& acceptor_place(std::uint32_t listener);
  // The object that is awaited is somewhere else now; nullptr: it is dropped.
  void set_subject(Waiter* waiter, void* subject) noexcept;
  void list(Waiter& waiter) noexcept;
  void unlist(Waiter& waiter) noexcept;

  void let_go() noexcept;
  void take(const TcpEvent& event) noexcept;
  static void ask(Waiter* waiter) noexcept;
  void ask_listed() noexcept;

  Queue& queue_;
  FramePool frames_;  // outlives the tasks
  // Places stay where they are when there are more.
  std::deque<Place> places_;
  std::deque<Waiter*> acceptor_places_;
  Waiter* listed_ = nullptr;  // to be asked again
  bool has_dropped_ = false;  // one of those waits for what is no more
  Waiter* listed_last_ = nullptr;
  Waiter* nowhere_ = nullptr;  // the place of who need not wait
  TaskLink* tasks_ = nullptr;  // owned
  bool is_stopped_ = false;
};

}  // namespace arrakis
