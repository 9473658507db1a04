// Opening, closing, and what poll() says. Bytes: stream_transfer.cc; options: stream_options.cc.
#include "libos/posix/stream_socket.h"

#include <sys/epoll.h>

#include <algorithm>
#include <utility>

namespace arrakis::posix {

using extaris::ConnectError;
using extaris::TcpError;
using extaris::TcpEvent;
using extaris::tcp::State;

namespace {

int errno_of(ConnectError error) {
  switch (error) {
    case ConnectError::no_route:
    case ConnectError::other_queue: return ENETUNREACH;
    case ConnectError::address_not_available:
    case ConnectError::address_in_use:
    case ConnectError::no_ports: return EADDRNOTAVAIL;
    case ConnectError::too_many_connections: return ENOBUFS;
    case ConnectError::refused: return ECONNREFUSED;
    case ConnectError::timed_out: return ETIMEDOUT;
    case ConnectError::unreachable: return EHOSTUNREACH;
  }
  return EIO;
}

int errno_of(TcpError error) {
  switch (error) {
    case TcpError::none:
    case TcpError::aborted: return 0;  // by us
    case TcpError::reset: return ECONNRESET;
    case TcpError::refused: return ECONNREFUSED;
    case TcpError::timed_out: return ETIMEDOUT;
    case TcpError::unreachable: return EHOSTUNREACH;
  }
  return EIO;
}

}  // namespace

StreamSocket::StreamSocket(Host& host, Family family) : Socket{host, family} {}

// What accept() returns has the listener's options.
StreamSocket::StreamSocket(Host& host, const StreamSocket& listener,
                           extaris::TcpConnection&& connection)
    : Socket{host, listener.family()} {
  reuse_address_ = listener.reuse_address_;
  reuse_port_ = listener.reuse_port_;
  keepalive_ = listener.keepalive_;
  linger_ = listener.linger_;
  receive_buffer_ = listener.receive_buffer_;
  send_buffer_ = listener.send_buffer_;
  no_delay_ = listener.no_delay_;
  user_timeout_ms_ = listener.user_timeout_ms_;
  keep_idle_s_ = listener.keep_idle_s_;
  keep_interval_s_ = listener.keep_interval_s_;
  keep_probes_ = listener.keep_probes_;
  congestion_ = listener.congestion_;
  connection_ = std::move(connection);
  phase_ = Phase::connected;
  host_.set_connection(connection_->id(), this);
  options_changed();  // those that were set after listen()
  note_end();
}

StreamSocket::~StreamSocket() {
  forget_connection();
  if (listener_) host_.set_listener(listener_->id(), nullptr);
  listener_.reset();
  if (is_bound_) host_.give_back_port(bound_);
}

// RFC 2525, 2.17: what was received and not read must not seem delivered.
void StreamSocket::forget_connection() {
  if (!connection_) return;
  host_.set_connection(connection_->id(), nullptr);
  if (held_bytes_ > 0) connection_->abort();
  held_.clear();
  held_bytes_ = held_offset_ = 0;
  connection_.reset();
}

State StreamSocket::state() const { return connection_ ? connection_->state() : State::closed; }

bool StreamSocket::is_opening() const {
  return state() == State::syn_sent || state() == State::syn_received;
}

bool StreamSocket::is_closed() const {
  return !listener_ && (state() == State::closed || state() == State::time_wait);
}

bool StreamSocket::has_fin() const {
  switch (state()) {
    case State::close_wait:
    case State::closing:
    case State::last_ack:
    case State::time_wait: return true;
    default: return had_fin_;
  }
}

bool StreamSocket::is_writable() {
  // include/net/sock.h: at least a third of the buffer is free.
  const auto info = connection_->info();
  const std::size_t queued = info.unsent_bytes + info.unacknowledged_bytes;
  const std::size_t room = connection_->send_room();
  if (room > 0 && 2 * room >= queued) return true;
  connection_->ask_for_room();
  return false;
}

// As tcp_poll() has it.
std::uint32_t StreamSocket::poll() {
  if (listener_) return listener_->is_acceptable() ? EPOLLIN | EPOLLRDNORM : 0;
  std::uint32_t mask = 0;
  const bool shut_read = is_shut_for_reading();
  if ((shut_read && is_shut_for_writing()) || is_closed()) mask |= EPOLLHUP;
  if (shut_read) mask |= EPOLLIN | EPOLLRDNORM | EPOLLRDHUP;
  if (!is_opening()) {
    if (readable_bytes() >= least_receive()) mask |= EPOLLIN | EPOLLRDNORM;
    if (!connection_ || is_shut_for_writing() || is_writable()) mask |= EPOLLOUT | EPOLLWRNORM;
  }
  if (error_ != 0) mask |= EPOLLERR;
  return mask;
}

void StreamSocket::note_end() {
  if (!connection_) return;
  if (connection_->state() != State::closed) had_fin_ = has_fin();
  if (connection_->state() != State::closed || std::exchange(end_is_noted_, true)) return;
  error_ = errno_of(connection_->error());
  if (error_ == ECONNRESET && had_fin_) error_ = EPIPE;  // tcp_reset() in CLOSE-WAIT
}

void StreamSocket::hear(std::uint8_t what) {
  const bool was_fin = had_fin_;
  note_end();
  // What changes the state wakes everybody, whatever they wait for; 0 is that.
  if ((what & TcpEvent::readable) != 0) acknowledge_quickly();
  const bool is_change =
      (what & (TcpEvent::connected | TcpEvent::ended)) != 0 || had_fin_ != was_fin;
  if (is_change) return tell(0);
  std::uint32_t events = 0;
  if ((what & (TcpEvent::readable | TcpEvent::acceptable)) != 0) events |= EPOLLIN | EPOLLRDNORM;
  if ((what & TcpEvent::room) != 0) events |= EPOLLOUT | EPOLLWRNORM;
  if ((what & TcpEvent::urgent) != 0) events |= EPOLLPRI;
  if (events != 0) tell(events);
}

Result<void> StreamSocket::bind(const Endpoint& local) {
  if (!host_.is_ours(local.address)) return fail(EADDRNOTAVAIL);
  if (is_bound_ || connection_ || listener_) return fail(EINVAL);
  const auto port = host_.reserve_port(local, reuse_address_ || reuse_port_);
  if (!port) return std::unexpected(port.error());
  bound_ = {local.address, *port};
  is_bound_ = true;
  return {};
}

Result<void> StreamSocket::listen(int backlog) {
  if (connection_ || phase_ != Phase::unconnected) return fail(EINVAL);
  if (listener_) return {};
  if (!is_bound_) {
    const IpAddress any = family_ == Family::v4 ? IpAddress{Ipv4Address{}} : IpAddress{};
    if (const auto bound = bind({any, 0}); !bound) return bound;
  }
  // Linux's queue is full with one more than was asked for; a negative number is a large one.
  const std::uint32_t most = host_.defaults.backlog_max;
  const std::uint32_t asked = std::min(static_cast<std::uint32_t>(backlog), most);
  auto listener = host_.stack().listen_tcp(
      bound_, {.backlog = std::min(asked + 1, most), .settings = settings()});
  if (!listener) return fail(EADDRINUSE);
  listener_ = std::move(*listener);
  host_.set_listener(listener_->id(), this);
  host_.give_back_port(bound_);
  (void)host_.reserve_port(bound_, false);  // who listens shares with nobody
  return {};
}

Result<FilePtr> StreamSocket::accept() {
  if (!listener_) return fail(EINVAL);
  auto connection = listener_->accept();
  if (!connection) return fail(EAGAIN);
  return FilePtr{new StreamSocket{host_, *this, std::move(*connection)}};
}

Result<void> StreamSocket::begin(const Endpoint& remote) {
  auto connection = host_.stack().connect_tcp(remote, {.local = bound_, .settings = settings()});
  if (!connection) return fail(errno_of(connection.error()));
  forget_connection();
  connection_ = std::move(*connection);
  end_is_noted_ = had_fin_ = shut_read_ = shut_write_ = false;
  host_.set_connection(connection_->id(), this);
  phase_ = Phase::connecting;
  return fail(EINPROGRESS);
}

Result<void> StreamSocket::connect(const std::optional<Endpoint>& remote) {
  if (!remote) {
    if (connection_ && !is_closed()) {
      connection_->abort();
      error_ = ECONNRESET;  // tcp_disconnect()
    }
    if (listener_) (void)shutdown(SHUT_RD);
    forget_connection();
    phase_ = Phase::unconnected;
    return {};
  }
  switch (phase_) {
    case Phase::connected: return fail(EISCONN);
    case Phase::unconnected:
      if (listener_) return fail(EISCONN);
      return begin(*remote);
    case Phase::connecting: break;
  }
  if (is_opening()) return fail(EALREADY);
  if (!is_closed()) {
    phase_ = Phase::connected;
    return {};
  }
  const int error = take_error();
  forget_connection();
  phase_ = Phase::unconnected;
  return fail(error != 0 ? error : ECONNABORTED);
}

Result<void> StreamSocket::shutdown(int how) {
  if (how < SHUT_RD || how > SHUT_RDWR) return fail(EINVAL);
  const bool reading = how != SHUT_WR;
  const bool writing = how != SHUT_RD;
  if (listener_) {
    if (!reading) return {};
    host_.set_listener(listener_->id(), nullptr);
    listener_.reset();
    tell(0);
    return {};
  }
  const bool was_closed = is_closed();
  if (state() == State::syn_sent) {
    forget_connection();
    phase_ = Phase::unconnected;
    tell(0);
    return {};
  }
  if (phase_ == Phase::connecting) phase_ = Phase::connected;
  shut_read_ = shut_read_ || reading;
  shut_write_ = shut_write_ || writing;
  if (writing && connection_ && !was_closed) connection_->shutdown();
  tell(0);
  if (was_closed) return fail(ENOTCONN);
  return {};
}

Endpoint StreamSocket::local() const {
  if (connection_) return connection_->local();
  if (listener_) return listener_->local();
  if (is_bound_) return bound_;
  return {family_ == Family::v4 ? IpAddress{Ipv4Address{}} : IpAddress{}, 0};
}

std::optional<Endpoint> StreamSocket::remote() const {
  if (!connection_ || is_closed() || state() == State::syn_sent) return std::nullopt;
  return connection_->remote();
}

bool StreamSocket::lingers() const {
  switch (state()) {
    case State::fin_wait_1:
    case State::closing:
    case State::last_ack: return true;
    default: return false;
  }
}

}  // namespace arrakis::posix
