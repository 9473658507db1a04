// Receiving and sending.
#include <climits>

#include "libos/posix/calls.h"
#include "libos/posix/kernel.h"
#include "libos/posix/waiting.h"

namespace arrakis::posix {
namespace {

bool waits(const Socket& socket, int flags) {
  return !socket.is_non_blocking && (flags & MSG_DONTWAIT) == 0;
}

// What was done so far is the answer; an error that came afterwards waits for the next call.
Result<std::size_t> done_or(std::size_t done, Errno error) {
  if (done > 0) return done;
  return std::unexpected(error);
}

Result<void> check(std::span<const iovec> parts) {
  if (parts.size() > IOV_MAX) return fail(EMSGSIZE);
  std::size_t sum = 0;
  for (const iovec& part : parts) {
    if (part.iov_base == nullptr && part.iov_len > 0) return fail(EFAULT);
    if (__builtin_add_overflow(sum, part.iov_len, &sum) || sum > SSIZE_MAX) return fail(EINVAL);
  }
  return {};
}

}  // namespace

Result<std::size_t> Calls::receive_until(Lock& lock, Socket& socket, Incoming& request) {
  const bool is_stream = socket.type() == SOCK_STREAM;
  if ((request.flags & MSG_ERRQUEUE) != 0) return fail(EAGAIN);
  // There is no urgent byte, or it stands in line.
  if ((request.flags & MSG_OOB) != 0) return fail(is_stream ? EINVAL : EOPNOTSUPP);
  const std::size_t room = size_of(request.into);
  const std::size_t least =
      (request.flags & MSG_WAITALL) != 0 ? room : std::min(socket.least_receive(), room);
  std::optional<Waiting> waiting;
  for (;;) {
    const auto received = socket.receive(request);
    if (received) {
      request.done += *received;
      const bool is_end = *received == 0 || !is_stream || (request.flags & MSG_PEEK) != 0;
      if (is_end || request.done >= std::max<std::size_t>(least, 1)) return request.done;
      continue;
    }
    if (!is(received.error(), EAGAIN) || !waits(socket, request.flags))
      return done_or(request.done, received.error());
    if (socket.ends_waiting()) return 0;
    if (!waiting) {
      waiting.emplace(host_, deadline(socket.receive_timeout()));
      waiting->add(socket, EPOLLIN | EPOLLERR);
    }
    if (const auto news = waiting->wait(lock); !news) return done_or(request.done, news.error());
  }
}

Result<std::size_t> Calls::receive(int fd, std::span<const iovec> into, int flags,
                                   const AddressOut& source) {
  Lock lock = host_.lock();
  host_.driver().enter();
  FilePtr keep;
  const auto socket = socket_of(fd, keep);
  if (!socket) return std::unexpected(socket.error());
  if (const auto good = check(into); !good) return std::unexpected(good.error());
  Incoming request{.into = into, .flags = flags};
  const auto received = receive_until(lock, **socket, request);
  host_.driver().flush();
  if (received && request.source)
    write_address((*socket)->family(), *request.source, source.address, source.length);
  else if (received && source.length != nullptr)
    *source.length = 0;  // a stream's peer is getpeername()'s matter
  return received;
}

Result<std::size_t> Calls::receive_message(int fd, msghdr* message, int flags) {
  if (message == nullptr) return fail(EFAULT);
  Lock lock = host_.lock();
  host_.driver().enter();
  FilePtr keep;
  const auto socket = socket_of(fd, keep);
  if (!socket) return std::unexpected(socket.error());
  const std::span<const iovec> into{message->msg_iov, message->msg_iovlen};
  if (const auto good = check(into); !good) return std::unexpected(good.error());
  Incoming request{.into = into, .flags = flags};
  const auto received = receive_until(lock, **socket, request);
  host_.driver().flush();
  if (!received) return received;
  message->msg_flags = request.message_flags;
  message->msg_controllen = 0;
  if (!request.source)
    message->msg_namelen = 0;
  else if (message->msg_name != nullptr)
    write_address((*socket)->family(), *request.source, static_cast<sockaddr*>(message->msg_name),
                  &message->msg_namelen);
  return received;
}

Result<std::size_t> Calls::send_until(Lock& lock, Socket& socket, Outgoing& request) {
  const std::size_t whole = size_of(request.from);
  std::optional<Waiting> waiting;
  for (;;) {
    const auto sent = socket.send(request);
    if (sent) {
      request.done += *sent;
      if (request.done >= whole || *sent == 0) return request.done;
      continue;
    }
    if (!is(sent.error(), EAGAIN) || !waits(socket, request.flags))
      return done_or(request.done, sent.error());
    if (!waiting) {
      waiting.emplace(host_, deadline(socket.send_timeout()));
      waiting->add(socket, EPOLLOUT | EPOLLERR);
    }
    if (const auto news = waiting->wait(lock); !news) return done_or(request.done, news.error());
  }
}

Result<std::size_t> Calls::send(int fd, std::span<const iovec> from, int flags,
                                const AddressIn& target) {
  bool breaks_pipe = false;
  const auto sent = [&]() -> Result<std::size_t> {
    Lock lock = host_.lock();
    host_.driver().enter();
    FilePtr keep;
    const auto found = socket_of(fd, keep);
    if (!found) return std::unexpected(found.error());
    Socket& socket = **found;
    if (const auto good = check(from); !good) return std::unexpected(good.error());
    Outgoing request{.from = from, .flags = flags};
    if (target.address != nullptr && target.length > 0 && socket.type() == SOCK_DGRAM &&
        target.address->sa_family != AF_UNSPEC) {
      const auto endpoint =
          read_address(socket.family(), target.address, target.length, EAFNOSUPPORT);
      if (!endpoint) return std::unexpected(endpoint.error());
      request.target = *endpoint;
    }
    const auto result = send_until(lock, socket, request);
    host_.driver().flush();
    breaks_pipe = socket.type() == SOCK_STREAM && !result && is(result.error(), EPIPE);
    return result;
  }();
  // Its handler may use sockets, so nothing is locked.
  if (breaks_pipe && (flags & MSG_NOSIGNAL) == 0) kernel::signal_self(SIGPIPE);
  return sent;
}

Result<std::size_t> Calls::send_message(int fd, const msghdr* message, int flags) {
  if (message == nullptr) return fail(EFAULT);
  return send(fd, {message->msg_iov, message->msg_iovlen}, flags,
              {static_cast<const sockaddr*>(message->msg_name), message->msg_namelen});
}

}  // namespace arrakis::posix
