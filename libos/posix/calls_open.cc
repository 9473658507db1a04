// Making, naming, connecting and setting up sockets.
#include "libos/posix/calls.h"
#include "libos/posix/kernel.h"
#include "libos/posix/waiting.h"

namespace arrakis::posix {

Result<int> Calls::socket(int domain, int type, int protocol) {
  Lock lock = host_.lock();
  constexpr int flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
  auto made = make_socket(host_, domain, type & ~flags, protocol);
  if (!made) return std::unexpected(made.error());
  const auto fd = Descriptors::reserve((type & SOCK_CLOEXEC) != 0);
  if (!fd) return fd;
  (*made)->is_non_blocking = (type & SOCK_NONBLOCK) != 0;
  descriptors_.put(*fd, std::move(*made));
  return fd;
}

Result<void> Calls::bind(int fd, const AddressIn& local) {
  Lock lock = host_.lock();
  FilePtr keep;
  const auto socket = socket_of(fd, keep);
  if (!socket) return std::unexpected(socket.error());
  const auto endpoint =
      read_address((*socket)->family(), local.address, local.length, EAFNOSUPPORT);
  if (!endpoint) return std::unexpected(endpoint.error());
  return (*socket)->bind(*endpoint);
}

Result<void> Calls::listen(int fd, int backlog) {
  Lock lock = host_.lock();
  FilePtr keep;
  const auto socket = socket_of(fd, keep);
  if (!socket) return std::unexpected(socket.error());
  return (*socket)->listen(backlog);
}

Result<int> Calls::accept(int fd, const AddressOut& remote, int flags) {
  if ((flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) != 0) return fail(EINVAL);
  Lock lock = host_.lock();
  host_.driver().enter();
  FilePtr keep;
  const auto socket = socket_of(fd, keep);
  if (!socket) return std::unexpected(socket.error());
  // Before the connection is taken: without a number it stays where it is.
  const auto number = Descriptors::reserve((flags & SOCK_CLOEXEC) != 0);
  if (!number) return number;
  auto accepted = (*socket)->accept();
  std::optional<Waiting> waiting;
  while (!accepted && is(accepted.error(), EAGAIN) && !keep->is_non_blocking) {
    if (!waiting) {
      waiting.emplace(host_, deadline((*socket)->receive_timeout()));
      waiting->add(*keep, EPOLLIN);
    }
    const auto news = waiting->wait(lock);
    accepted = news ? (*socket)->accept() : std::unexpected(news.error());
    if (!news) break;
  }
  if (!accepted) {
    kernel::close(*number);
    return std::unexpected(accepted.error());
  }
  Socket& made = *(*accepted)->as_socket();
  made.is_non_blocking = (flags & SOCK_NONBLOCK) != 0;
  if (const auto peer = made.remote())
    write_address(made.family(), *peer, remote.address, remote.length);
  descriptors_.put(*number, std::move(*accepted));
  host_.driver().flush();
  return number;
}

Result<void> Calls::connect(int fd, const AddressIn& remote) {
  Lock lock = host_.lock();
  host_.driver().enter();
  FilePtr keep;
  const auto found = socket_of(fd, keep);
  if (!found) return std::unexpected(found.error());
  Socket& socket = **found;
  if (remote.address == nullptr) return fail(EFAULT);
  if (remote.length < sizeof(sa_family_t)) return fail(EINVAL);
  std::optional<Endpoint> endpoint;
  if (remote.address->sa_family != AF_UNSPEC) {
    const auto read = read_address(socket.family(), remote.address, remote.length, EAFNOSUPPORT);
    if (!read) return std::unexpected(read.error());
    endpoint = *read;
  }
  auto result = socket.connect(endpoint);
  std::optional<Waiting> waiting;
  while (!result && (is(result.error(), EINPROGRESS) || is(result.error(), EALREADY)) &&
         !socket.is_non_blocking) {
    const auto unfinished = result;
    if (!waiting) {
      waiting.emplace(host_, deadline(socket.send_timeout()));
      waiting->add(socket, EPOLLOUT);
    }
    const auto news = waiting->wait(lock);
    if (!news) return is(news.error(), EAGAIN) ? unfinished : news;
    result = socket.connect(endpoint);
  }
  host_.driver().flush();
  return result;
}

Result<void> Calls::shutdown(int fd, int how) {
  Lock lock = host_.lock();
  host_.driver().enter();
  FilePtr keep;
  const auto socket = socket_of(fd, keep);
  if (!socket) return std::unexpected(socket.error());
  const auto done = (*socket)->shutdown(how);
  host_.driver().flush();
  return done;
}

Result<void> Calls::getsockname(int fd, const AddressOut& out) {
  Lock lock = host_.lock();
  FilePtr keep;
  const auto socket = socket_of(fd, keep);
  if (!socket) return std::unexpected(socket.error());
  if (out.address == nullptr || out.length == nullptr) return fail(EFAULT);
  write_address((*socket)->family(), (*socket)->local(), out.address, out.length);
  return {};
}

Result<void> Calls::getpeername(int fd, const AddressOut& out) {
  Lock lock = host_.lock();
  FilePtr keep;
  const auto socket = socket_of(fd, keep);
  if (!socket) return std::unexpected(socket.error());
  const auto peer = (*socket)->remote();
  if (!peer) return fail(ENOTCONN);
  if (out.address == nullptr || out.length == nullptr) return fail(EFAULT);
  write_address((*socket)->family(), *peer, out.address, out.length);
  return {};
}

Result<void> Calls::setsockopt(int fd, Option option, const void* value, socklen_t length) {
  Lock lock = host_.lock();
  host_.driver().enter();
  FilePtr keep;
  const auto socket = socket_of(fd, keep);
  if (!socket) return std::unexpected(socket.error());
  if (static_cast<int>(length) < 0) return fail(EINVAL);
  if (value == nullptr && length > 0) return fail(EFAULT);
  const auto done = (*socket)->set_option(option, {static_cast<const std::byte*>(value), length});
  host_.driver().flush();
  return done;
}

Result<void> Calls::getsockopt(int fd, Option option, void* value, socklen_t* length) {
  Lock lock = host_.lock();
  host_.driver().enter();
  FilePtr keep;
  const auto socket = socket_of(fd, keep);
  if (!socket) return std::unexpected(socket.error());
  if (length == nullptr || (value == nullptr && *length > 0)) return fail(EFAULT);
  if (static_cast<int>(*length) < 0) return fail(EINVAL);
  OptionAnswer answer{{static_cast<std::byte*>(value), *length}};
  const auto done = (*socket)->get_option(option, answer);
  if (done) *length = static_cast<socklen_t>(answer.size());
  return done;
}

}  // namespace arrakis::posix
