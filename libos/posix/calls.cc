// Descriptors: closing, duplicating, fcntl, ioctl.
#include "libos/posix/calls.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <cstring>
#include <utility>

#include "libos/posix/epoll_set.h"
#include "libos/posix/kernel.h"
#include "libos/posix/waiting.h"

namespace arrakis::posix {

Calls::~Calls() { drop_all(); }

bool Calls::is_ours(int fd) {
  const Lock lock = host_.lock();
  return descriptors_.find(fd) != nullptr;
}

Result<void> Calls::adopt(int fd, int domain, int type) {
  const Lock lock = host_.lock();
  auto made = make_socket(host_, domain, type, 0);
  if (!made) return std::unexpected(made.error());
  File& file = **made;
  descriptors_.put(fd, std::move(*made));
  for (const FilePtr& other : descriptors_.all())
    if (EpollSet* set = other ? other->as_epoll_set() : nullptr) set->adopt(fd, file);
  return {};
}

void Calls::drop_all() {
  const Lock lock = host_.lock();
  descriptors_.clear();
}

Result<FilePtr> Calls::file(int fd) const {
  File* found = descriptors_.find(fd);
  if (found == nullptr) return fail(EBADF);
  return FilePtr{found};
}

Result<Socket*> Calls::socket_of(int fd, FilePtr& keep) const {
  auto found = file(fd);
  if (!found) return std::unexpected(found.error());
  keep = std::move(*found);
  Socket* socket = keep->as_socket();
  if (socket == nullptr) return fail(ENOTSOCK);
  return socket;
}

Instant Calls::deadline(Duration timeout) {
  if (timeout == Duration::max()) return never;
  const Instant now = host_.driver().now();
  return timeout.ns > never.ns - now.ns ? never : now + timeout;
}

// SO_LINGER: also of a socket that is told not to wait.
void Calls::linger(Lock& lock, Socket& socket) {
  if (!socket.linger() || *socket.linger() == Duration{}) return;
  if (socket.readable_bytes() > 0) return;  // it is reset
  (void)socket.shutdown(SHUT_WR);
  Waiting waiting{host_, deadline(*socket.linger())};
  waiting.add(socket, ~0u);
  while (socket.lingers())
    if (!waiting.wait(lock)) return;
}

Result<void> Calls::close(int fd) {
  Lock lock = host_.lock();
  host_.driver().enter();
  FilePtr file = descriptors_.take(fd);
  if (!file) return fail(EBADF);
  kernel::close(fd);
  Socket* socket = file->as_socket();
  if (socket != nullptr && !descriptors_.has_another(*file, fd)) linger(lock, *socket);
  file.reset();
  host_.driver().flush();
  return {};
}

Result<int> Calls::duplicate(int fd) { return control(fd, F_DUPFD, 0); }

Result<int> Calls::duplicate_to(int fd, int to, int flags) {
  Lock lock = host_.lock();
  File* found = descriptors_.find(fd);
  const FilePtr file{found};
  const auto made = kernel::dup_to(fd, to, flags);
  if (!made) return made;
  FilePtr replaced = descriptors_.take(to);
  if (file) descriptors_.put(to, file);
  replaced.reset();
  host_.driver().flush();
  return to;
}

Result<int> Calls::control(int fd, int command, long argument) {
  Lock lock = host_.lock();
  auto found = file(fd);
  if (!found) return std::unexpected(found.error());
  File& file = **found;
  const bool is_socket = file.as_socket() != nullptr;
  switch (command) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC: {
      const auto made = kernel::control(fd, command, argument);
      if (made) descriptors_.put(*made, *found);
      return made;
    }
    case F_GETFL:
      if (!is_socket) break;
      return O_RDWR | (file.is_non_blocking ? O_NONBLOCK : 0);
    case F_SETFL:
      if (!is_socket) break;
      file.is_non_blocking = (argument & O_NONBLOCK) != 0;
      return 0;
    default: break;
  }
  return kernel::control(fd, command, argument);
}

Result<int> Calls::device_control(int fd, unsigned long request, void* argument) {
  Lock lock = host_.lock();
  FilePtr keep;
  const auto socket = socket_of(fd, keep);
  if (!socket) return std::unexpected(socket.error());
  int number = 0;
  switch (request) {
    case FIONBIO:
      if (argument == nullptr) return fail(EFAULT);
      std::memcpy(&number, argument, sizeof(number));
      (*socket)->is_non_blocking = number != 0;
      return 0;
    case FIOASYNC: return 0;
    case FIONREAD:
      if ((*socket)->is_listening()) return fail(EINVAL);
      host_.driver().enter();
      number = static_cast<int>((*socket)->readable_bytes());
      break;
    case SIOCOUTQ: number = static_cast<int>((*socket)->unsent_bytes()); break;
    default: return kernel::as_int(kernel::call(SYS_ioctl, fd, request, argument));
  }
  if (argument == nullptr) return fail(EFAULT);
  std::memcpy(argument, &number, sizeof(number));
  return 0;
}

}  // namespace arrakis::posix
