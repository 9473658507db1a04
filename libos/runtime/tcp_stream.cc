#include "arrakis/tcp_stream.h"

#include <utility>

#include "arrakis/scheduler.h"

namespace arrakis {
namespace {

ConnectError reason_of(TcpError error) {
  switch (error) {
    case TcpError::timed_out: return ConnectError::timed_out;
    case TcpError::unreachable: return ConnectError::unreachable;
    default: return ConnectError::refused;
  }
}

}  // namespace

// ---- receiving and sending

TcpReceiving::TcpReceiving(TcpStream& stream) noexcept
    : Waiter{stream.scheduler(), stream.scheduler().place(stream.connection().id()).receiver,
             &stream, is_readable} {}

bool TcpReceiving::is_readable(Waiter& self) noexcept {
  auto* stream = static_cast<TcpStream*>(static_cast<TcpReceiving&>(self).subject());
  return stream == nullptr || stream->connection().is_readable();
}

TcpBuffer TcpReceiving::await_resume() noexcept {
  auto* stream = static_cast<TcpStream*>(subject());
  return stream != nullptr ? stream->connection().receive() : TcpBuffer{};
}

TcpSending::TcpSending(TcpStream& stream, TcpBuffer&& buffer) noexcept
    : Waiter{stream.scheduler(), stream.scheduler().place(stream.connection().id()).sender, &stream,
             send_buffer},
      buffer_{std::move(buffer)} {}

TcpSending::TcpSending(TcpStream& stream, std::span<const std::byte> bytes) noexcept
    : Waiter{stream.scheduler(), stream.scheduler().place(stream.connection().id()).sender, &stream,
             send_bytes},
      rest_{bytes} {}

// Whether it is over.
bool TcpSending::fail(TcpSendError error) noexcept {
  if (error == TcpSendError::would_block) return false;
  if (error == TcpSendError::no_buffer) {
    ask_again();
    return false;
  }
  outcome_ = std::unexpected(error);
  return true;
}

bool TcpSending::send_buffer(Waiter& waiter) noexcept {
  auto& self = static_cast<TcpSending&>(waiter);
  auto* stream = static_cast<TcpStream*>(self.subject());
  if (stream == nullptr) return self.fail(TcpSendError::closed);
  if (!self.buffer_) return true;
  const auto sent = stream->connection().send(std::move(self.buffer_));
  return sent || self.fail(sent.error());
}

bool TcpSending::send_bytes(Waiter& waiter) noexcept {
  auto& self = static_cast<TcpSending&>(waiter);
  auto* stream = static_cast<TcpStream*>(self.subject());
  if (stream == nullptr) return self.fail(TcpSendError::closed);
  while (!self.rest_.empty()) {
    const auto taken = stream->connection().send(self.rest_);
    if (!taken) return self.fail(taken.error());
    self.rest_ = self.rest_.subspan(*taken);
  }
  return true;
}

// ---- TcpStream

TcpStream::TcpStream(Scheduler& scheduler, TcpConnection&& connection)
    : scheduler_{&scheduler}, connection_{std::move(connection)} {
  scheduler_->place(connection_.id());  // so that waiting needs no memory
}

TcpStream::TcpStream(TcpStream&& other) noexcept
    : scheduler_{std::exchange(other.scheduler_, nullptr)},
      connection_{std::move(other.connection_)} {
  tell_waiters(this);
}

TcpStream& TcpStream::operator=(TcpStream&& other) noexcept {
  TcpStream old{std::move(other)};
  std::swap(scheduler_, old.scheduler_);
  std::swap(connection_, old.connection_);
  tell_waiters(this);
  old.tell_waiters(&old);
  return *this;
}

TcpStream::~TcpStream() { tell_waiters(nullptr); }

void TcpStream::tell_waiters(TcpStream* stream) noexcept {
  if (scheduler_ == nullptr) return;
  const Scheduler::Place& at = scheduler_->place(connection_.id());
  scheduler_->set_subject(at.receiver, stream);
  scheduler_->set_subject(at.sender, stream);
}

FramePool& TcpStream::frames() noexcept { return scheduler_->frames(); }

// ---- accepting and connecting

TcpAccepting::TcpAccepting(TcpAcceptor& acceptor) noexcept
    : Waiter{*acceptor.scheduler_, acceptor.scheduler_->acceptor_place(acceptor.listener_.id()),
             &acceptor, accept},
      of_{*acceptor.scheduler_} {}

bool TcpAccepting::accept(Waiter& waiter) noexcept {
  auto& self = static_cast<TcpAccepting&>(waiter);
  auto* acceptor = static_cast<TcpAcceptor*>(self.subject());
  if (acceptor == nullptr) return true;
  self.accepted_ = acceptor->listener_.accept();
  return self.accepted_.has_value();
}

std::optional<TcpStream> TcpAccepting::await_resume() noexcept {
  if (!accepted_) return std::nullopt;
  return TcpStream{of_, std::move(*accepted_)};
}

TcpAcceptor::TcpAcceptor(Scheduler& scheduler, TcpListener&& listener)
    : scheduler_{&scheduler}, listener_{std::move(listener)} {
  scheduler_->acceptor_place(listener_.id());
}

TcpAcceptor::TcpAcceptor(TcpAcceptor&& other) noexcept
    : scheduler_{std::exchange(other.scheduler_, nullptr)}, listener_{std::move(other.listener_)} {
  tell_waiter(this);
}

TcpAcceptor& TcpAcceptor::operator=(TcpAcceptor&& other) noexcept {
  TcpAcceptor old{std::move(other)};
  std::swap(scheduler_, old.scheduler_);
  std::swap(listener_, old.listener_);
  tell_waiter(this);
  old.tell_waiter(&old);
  return *this;
}

TcpAcceptor::~TcpAcceptor() { tell_waiter(nullptr); }

void TcpAcceptor::tell_waiter(TcpAcceptor* acceptor) noexcept {
  if (scheduler_ == nullptr) return;
  scheduler_->set_subject(scheduler_->acceptor_place(listener_.id()), acceptor);
}

FramePool& TcpAcceptor::frames() noexcept { return scheduler_->frames(); }

TcpConnecting::TcpConnecting(Scheduler& scheduler,
                             std::expected<TcpConnection, ConnectError>&& begun) noexcept
    : Waiter{scheduler, begun ? scheduler.place(begun->id()).sender : scheduler.nowhere_, this,
             is_decided},
      of_{scheduler},
      connection_{std::move(begun)} {}

bool TcpConnecting::is_decided(Waiter& waiter) noexcept {
  const auto& connection = static_cast<TcpConnecting&>(waiter).connection_;
  return !connection || connection->is_open() || connection->has_ended();
}

std::expected<TcpStream, ConnectError> TcpConnecting::await_resume() noexcept {
  if (!connection_) return std::unexpected(connection_.error());
  if (!connection_->is_open()) return std::unexpected(reason_of(connection_->error()));
  return TcpStream{of_, std::move(*connection_)};
}

}  // namespace arrakis
