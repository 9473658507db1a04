// kernel.h: the kernel's own calls, past every function of libc that somebody may have replaced:
// the library that is preloaded replaces them itself.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <ctime>

#include "libos/posix/result.h"

namespace arrakis::posix::kernel {

template <class... Arguments>
Result<long> call(long number, Arguments... arguments) {
  const int saved = errno;
  const long result = ::syscall(number, arguments...);
  if (result >= 0) return result;
  const int error = errno;
  errno = saved;  // who asked may be a function that must not change it
  return fail(error);
}

inline Result<int> as_int(Result<long> result) {
  if (!result) return std::unexpected(result.error());
  return static_cast<int>(*result);
}

inline void close(int fd) { (void)call(SYS_close, fd); }
inline Result<int> event_fd(int flags) { return as_int(call(SYS_eventfd2, 0, flags)); }
inline Result<int> epoll_create(int flags) { return as_int(call(SYS_epoll_create1, flags)); }
inline Result<int> epoll_control(int epfd, int operation, int fd, epoll_event* event) {
  return as_int(call(SYS_epoll_ctl, epfd, operation, fd, event));
}
inline Result<int> epoll_look(int epfd, epoll_event* events, int room) {
  return as_int(call(SYS_epoll_pwait, epfd, events, room, 0, nullptr, 0));
}
inline Result<int> poll(pollfd* fds, nfds_t count, const timespec* timeout) {
  timespec copy = timeout != nullptr ? *timeout : timespec{};  // Linux writes to it
  return as_int(call(SYS_ppoll, fds, count, timeout != nullptr ? &copy : nullptr, nullptr, 0));
}
inline Result<int> control(int fd, int command, long argument) {
  return as_int(call(SYS_fcntl, fd, command, argument));
}
inline Result<int> dup_to(int from, int to, int flags) {
  return as_int(call(SYS_dup3, from, to, flags));
}
inline void signal_self(int signal) {
  (void)call(SYS_tgkill, ::getpid(), call(SYS_gettid).value_or(0), signal);
}

}  // namespace arrakis::posix::kernel
