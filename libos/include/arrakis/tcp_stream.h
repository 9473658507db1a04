// tcp_stream.h: TCP for coroutines: the same connections, with co_await where there would be
// events.
//
// Threads:  those of its scheduler.
// Lifetime: shorter than its scheduler. A stream or acceptor may be moved or dropped while another
//           task waits on it: the wait moves along; of one that is dropped it ends as if the peer
//           had closed. One task at a time may receive from a stream, and one send.
// Errors:   receive() ends with an empty buffer, and connection().error() says how; send() says
//           `closed`. Back-pressure is the wait itself: send() goes on when the bytes are queued.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "arrakis/tcp.h"
#include "arrakis/waiter.h"

namespace arrakis {

class FramePool;
class TcpAcceptor;
class TcpStream;

// co_await: the next bytes, lent; holds nothing when no more will come.
class TcpReceiving : public Waiter {
 public:
  explicit TcpReceiving(TcpStream& stream) noexcept;
  TcpBuffer await_resume() noexcept;

 private:
  static bool is_readable(Waiter& self) noexcept;
};

// co_await: all of it is queued, or never will be.
class TcpSending : public Waiter {
 public:
  TcpSending(TcpStream& stream, TcpBuffer&& buffer) noexcept;
  TcpSending(TcpStream& stream, std::span<const std::byte> bytes) noexcept;
  [[nodiscard]] std::expected<void, TcpSendError> await_resume() const noexcept { return outcome_; }

 private:
  static bool send_buffer(Waiter& self) noexcept;
  static bool send_bytes(Waiter& self) noexcept;
  bool fail(TcpSendError error) noexcept;

  TcpBuffer buffer_;
  std::span<const std::byte> rest_;
  std::expected<void, TcpSendError> outcome_;
};

class [[nodiscard]] TcpStream {
 public:
  TcpStream(Scheduler& scheduler, TcpConnection&& connection);
  TcpStream(TcpStream&& other) noexcept;
  TcpStream& operator=(TcpStream&& other) noexcept;
  ~TcpStream();

  TcpReceiving receive() noexcept { return TcpReceiving{*this}; }
  // The buffer is sent as it is, or dropped with what could not be.
  TcpSending send(TcpBuffer&& buffer) noexcept { return {*this, std::move(buffer)}; }
  // Copies; the bytes must stay until the await is over.
  TcpSending send(std::span<const std::byte> bytes) noexcept { return {*this, bytes}; }
  TcpSending send(std::string_view text) noexcept {
    return {*this, std::as_bytes(std::span{text})};
  }

  // Everything that needs no waiting: options, addresses, shutdown(), abort(), info().
  TcpConnection& connection() noexcept { return connection_; }
  Scheduler& scheduler() noexcept { return *scheduler_; }
  FramePool& frames() noexcept;

 private:
  friend class TcpReceiving;
  friend class TcpSending;
  void tell_waiters(TcpStream* stream) noexcept;

  Scheduler* scheduler_;  // nullptr: moved from
  TcpConnection connection_;
};

// co_await: the connection that has waited longest; nothing: the acceptor was dropped.
class TcpAccepting : public Waiter {
 public:
  explicit TcpAccepting(TcpAcceptor& acceptor) noexcept;
  std::optional<TcpStream> await_resume() noexcept;

 private:
  static bool accept(Waiter& self) noexcept;

  Scheduler& of_;
  std::optional<TcpConnection> accepted_;
};

class [[nodiscard]] TcpAcceptor {
 public:
  TcpAcceptor(Scheduler& scheduler, TcpListener&& listener);
  TcpAcceptor(TcpAcceptor&& other) noexcept;
  TcpAcceptor& operator=(TcpAcceptor&& other) noexcept;
  ~TcpAcceptor();

  TcpAccepting accept() noexcept { return TcpAccepting{*this}; }
  Endpoint local() const noexcept { return listener_.local(); }
  FramePool& frames() noexcept;

 private:
  friend class TcpAccepting;
  void tell_waiter(TcpAcceptor* acceptor) noexcept;

  Scheduler* scheduler_;  // nullptr: moved from
  TcpListener listener_;
};

// co_await: the handshake is over. Dropping it while it waits gives the attempt up.
class TcpConnecting : public Waiter {
 public:
  TcpConnecting(Scheduler& scheduler, std::expected<TcpConnection, ConnectError>&& begun) noexcept;
  std::expected<TcpStream, ConnectError> await_resume() noexcept;

 private:
  static bool is_decided(Waiter& self) noexcept;

  Scheduler& of_;
  std::expected<TcpConnection, ConnectError> connection_;
};

}  // namespace arrakis
