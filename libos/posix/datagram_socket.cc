#include "libos/posix/datagram_socket.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <vector>

namespace arrakis::posix {

using extaris::BindError;
using extaris::SendError;
using extaris::SocketError;

namespace {

// What of a backlog is moved here; the rest stays with the stack, which bounds it.
constexpr std::size_t received_max = 256;

int errno_of(SocketError error) {
  switch (error) {
    case SocketError::port_unreachable: return ECONNREFUSED;
    case SocketError::host_unreachable: return EHOSTUNREACH;
    case SocketError::network_unreachable: return ENETUNREACH;
    case SocketError::administratively_prohibited: return EACCES;
    case SocketError::message_too_big: return EMSGSIZE;
  }
  return EIO;
}

int errno_of(SendError error) {
  switch (error) {
    case SendError::would_block: return EAGAIN;
    case SendError::no_route: return ENETUNREACH;
    case SendError::too_big: return EMSGSIZE;
    case SendError::no_buffer: return ENOBUFS;
    case SendError::not_connected: return EDESTADDRREQ;
  }
  return EIO;
}

int errno_of(BindError error) {
  switch (error) {
    case BindError::address_in_use: return EADDRINUSE;
    case BindError::address_not_available: return EADDRNOTAVAIL;
    case BindError::no_ports: return EAGAIN;
    case BindError::too_many_sockets: return ENOBUFS;
  }
  return EIO;
}

}  // namespace

DatagramSocket::~DatagramSocket() {
  if (socket_) host_.remove(*this);
}

Result<void> DatagramSocket::bind_to(const Endpoint& local) {
  auto socket = host_.stack().bind_udp(local);
  if (!socket) return fail(errno_of(socket.error()));
  socket_ = std::move(*socket);
  host_.add(*this);
  return {};
}

Result<void> DatagramSocket::bind_if_unbound() {
  if (socket_) return {};
  return bind_to({family_ == Family::v4 ? IpAddress{Ipv4Address{}} : IpAddress{}, 0});
}

Result<void> DatagramSocket::bind(const Endpoint& local) {
  if (!host_.is_ours(local.address)) return fail(EADDRNOTAVAIL);
  if (socket_) return fail(EINVAL);
  return bind_to(local);
}

Result<void> DatagramSocket::connect(const std::optional<Endpoint>& remote) {
  if (!remote) {
    peer_.reset();
    if (socket_) socket_->connect({});
    return {};
  }
  if (const auto bound = bind_if_unbound(); !bound) return bound;
  peer_ = remote;
  socket_->connect(*remote);
  return {};
}

Result<void> DatagramSocket::shutdown(int how) {
  if (how < SHUT_RD || how > SHUT_RDWR) return fail(EINVAL);
  if (!peer_) return fail(ENOTCONN);
  shut_read_ = shut_read_ || how != SHUT_WR;
  shut_write_ = shut_write_ || how != SHUT_RD;
  tell(0);
  return {};
}

void DatagramSocket::take_news() {
  std::uint32_t events = 0;
  while (received_.size() < received_max) {
    extaris::Datagram datagram = socket_->receive();
    if (!datagram) break;
    received_.push_back(std::move(datagram));
    events |= EPOLLIN | EPOLLRDNORM;
  }
  // Who is not connected hears of none (ip(7), IP_RECVERR).
  while (const auto error = socket_->take_error()) {
    if (!peer_) continue;
    error_ = errno_of(*error);
    events |= EPOLLERR;
  }
  if (events != 0) tell(events);
}

// As datagram_poll() and udp_poll() have it.
std::uint32_t DatagramSocket::poll() {
  std::uint32_t mask = EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;
  if (error_ != 0) mask |= EPOLLERR;
  if (shut_read_) mask |= EPOLLRDHUP | EPOLLIN | EPOLLRDNORM;
  if (shut_read_ && shut_write_) mask |= EPOLLHUP;
  if (!received_.empty()) mask |= EPOLLIN | EPOLLRDNORM;
  return mask;
}

Result<std::size_t> DatagramSocket::receive(Incoming& request) {
  if (error_ != 0) return fail(take_error());
  if (socket_) take_news();
  if (received_.empty()) return fail(EAGAIN);
  const extaris::Datagram& first = received_.front();
  const std::size_t size = first.payload().size();
  const std::size_t copied = copy_into(request.into, 0, first.payload());
  request.source = first.source();
  if (copied < size) request.message_flags |= MSG_TRUNC;
  if ((request.flags & MSG_PEEK) == 0) received_.pop_front();
  return (request.flags & MSG_TRUNC) != 0 ? size : copied;
}

Result<std::size_t> DatagramSocket::send(const Outgoing& request) {
  // Even one that is refused has an address afterwards.
  if (const auto bound = bind_if_unbound(); !bound) return std::unexpected(bound.error());
  const std::size_t size = size_of(request.from);
  if (size > 0xffff) return fail(EMSGSIZE);
  if (!request.target && !peer_) return fail(EDESTADDRREQ);
  if (request.target && request.target->port == 0) return fail(EINVAL);
  if (error_ != 0) return fail(take_error());
  if (shut_write_) return fail(EPIPE);
  const Endpoint target = request.target.value_or(peer_.value_or(Endpoint{}));
  if (size <= socket_->largest_unfragmented()) {
    extaris::Datagram datagram = socket_->allocate(size);
    if (!datagram) return fail(ENOBUFS);
    copy_from(request.from, 0, datagram.mutable_payload());
    const auto sent = socket_->send(std::move(datagram), target);
    if (!sent) return fail(errno_of(sent.error()));
    return size;
  }
  std::vector<std::byte> whole(size);
  copy_from(request.from, 0, whole);
  const auto sent = socket_->send(whole, target);
  if (!sent) return fail(errno_of(sent.error()));
  return size;
}

Endpoint DatagramSocket::local() const {
  if (socket_) return socket_->local();
  return {family_ == Family::v4 ? IpAddress{Ipv4Address{}} : IpAddress{}, 0};
}

std::optional<Endpoint> DatagramSocket::remote() const { return peer_; }

std::size_t DatagramSocket::readable_bytes() const {
  return received_.empty() ? 0 : received_.front().payload().size();
}

}  // namespace arrakis::posix
