// queue.h: one hardware queue pair of a VNIC and the TCP/IP stack that runs on it.
//
// Threads:  a queue, its sockets, connections and their buffers belong to one thread at a time.
//           Different queues share nothing. A thread other than the one that attached:
//           polling_thread.h.
// Lifetime: lives in its App.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>

#include "arrakis/tcp.h"
#include "arrakis/udp.h"
#include "base/address.h"
#include "base/instant.h"
#include "extaris/stack/counters.h"

namespace arrakis {

namespace extaris {
class Stack;  // extaris/stack/stack.h, which is not installed
}

class Queue {
 public:
  ~Queue();
  Queue(Queue&&) noexcept;
  Queue& operator=(Queue&&) noexcept;

  // Listens on `port` of every address of the VNIC, both families; 0 picks an ephemeral port.
  std::expected<UdpSocket, BindError> bind_udp(std::uint16_t port);
  std::expected<UdpSocket, BindError> bind_udp(const Endpoint& local);

  // The same for TCP.
  std::expected<TcpListener, BindError> listen_tcp(std::uint16_t port,
                                                   const TcpListenOptions& options = {});
  std::expected<TcpListener, BindError> listen_tcp(const Endpoint& local,
                                                   const TcpListenOptions& options = {});
  // Of a VNIC with several queues each one listens for itself, on the same port; who connects lands
  // at one of them, and stays there. A port that the stack chooses for connect_tcp() is one whose
  // answers come in by this queue; where the device does not say which do (xdp with several queues)
  // connecting is refused.
  // Begins to connect; the event `connected` or `ended` tells what came of it.
  std::expected<TcpConnection, ConnectError> connect_tcp(const Endpoint& remote,
                                                         const TcpConnectOptions& options = {});
  // Connections and listeners about which there is news, oldest first, each once with all that is
  // new: the part of `room` that was written. Ask after each poll() or wait(), until it is empty.
  // An event is a hint to look: what it is about may be gone by the time it is read, and its id be
  // another's.
  std::span<const TcpEvent> tcp_events(std::span<TcpEvent> room) noexcept;

  // Moves packets: receives a burst, runs timers, sends what gathered. Never blocks; no system call
  // unless the provider needs one to send (xdp does, wire and sriov do not). Returns how many
  // packets came in.
  std::size_t poll() noexcept;

  // Polls until packets came in or `timeout` is over: spins for a while, then sleeps on the
  // doorbell, so that idle costs nothing. Returns how many packets came in; 0: the time is over, a
  // timer has made news for tcp_events(), or a signal woke it. A signal that comes just before it
  // sleeps does not; a program that must not miss one sleeps by itself, on doorbell() and a
  // signalfd.
  std::size_t wait(std::optional<Duration> timeout = std::nullopt) noexcept;

  // How long wait() spins before it sleeps; 50 us unless told. Zero: sleep at once.
  // Duration::max(): never sleep.
  void set_spin(Duration spin) noexcept;

  // For an event loop of your own: add doorbell() to epoll (level-triggered, EPOLLIN). Before you
  // sleep call arm(): false says that packets came in meanwhile, so look into your sockets instead.
  // After waking call poll(). next_deadline() bounds the sleep: timers need poll() by then.
  int doorbell() const noexcept;
  bool arm() noexcept;
  std::optional<Duration> next_deadline() const noexcept;

  // What happened to packets, drops by their reason.
  const extaris::Counters& counters() const noexcept;
  extaris::Stack& stack() noexcept;

 private:
  friend class QueueBuilder;
  struct Parts;
  explicit Queue(std::unique_ptr<Parts> parts) noexcept;
  std::unique_ptr<Parts> parts_;
};

}  // namespace arrakis
