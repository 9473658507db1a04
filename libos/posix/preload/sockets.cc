// Replaced: the functions that make, name and set up sockets.
#include <cstdarg>

#include "libos/posix/preload/answer.h"

using arrakis::posix::answer;
using arrakis::posix::Calls;
using arrakis::posix::Machine;
using arrakis::posix::owner;
using arrakis::posix::pass;

extern "C" {

int bind(int fd, const sockaddr* address, socklen_t length) noexcept {
  Calls* calls = owner(fd);
  Machine* machine = Machine::get();
  if (calls == nullptr && machine != nullptr && machine->takes_bind(fd, address, length))
    calls = &machine->calls();
  if (calls != nullptr) return answer(calls->bind(fd, {address, length}));
  return pass(SYS_bind, fd, address, length);
}

int listen(int fd, int backlog) noexcept {
  Calls* calls = owner(fd);
  Machine* machine = Machine::get();
  if (calls == nullptr && machine != nullptr && machine->takes_listen(fd))
    calls = &machine->calls();
  if (calls != nullptr) return answer(calls->listen(fd, backlog));
  return pass(SYS_listen, fd, backlog);
}

int connect(int fd, const sockaddr* address, socklen_t length) {
  Calls* calls = owner(fd);
  Machine* machine = Machine::get();
  if (calls == nullptr && machine != nullptr && machine->takes_connect(fd, address, length))
    calls = &machine->calls();
  if (calls != nullptr) return answer(calls->connect(fd, {address, length}));
  return pass(SYS_connect, fd, address, length);
}

int accept4(int fd, sockaddr* address, socklen_t* length, int flags) {
  if (Calls* calls = owner(fd)) return answer(calls->accept(fd, {address, length}, flags));
  return pass(SYS_accept4, fd, address, length, flags);
}

int accept(int fd, sockaddr* address, socklen_t* length) { return accept4(fd, address, length, 0); }

int shutdown(int fd, int how) noexcept {
  if (Calls* calls = owner(fd)) return answer(calls->shutdown(fd, how));
  return pass(SYS_shutdown, fd, how);
}

int getsockname(int fd, sockaddr* address, socklen_t* length) noexcept {
  if (Calls* calls = owner(fd)) return answer(calls->getsockname(fd, {address, length}));
  return pass(SYS_getsockname, fd, address, length);
}

int getpeername(int fd, sockaddr* address, socklen_t* length) noexcept {
  if (Calls* calls = owner(fd)) return answer(calls->getpeername(fd, {address, length}));
  return pass(SYS_getpeername, fd, address, length);
}

int getsockopt(int fd, int level, int name, void* value, socklen_t* length) noexcept {
  if (Calls* calls = owner(fd)) return answer(calls->getsockopt(fd, {level, name}, value, length));
  return pass(SYS_getsockopt, fd, level, name, value, length);
}

int setsockopt(int fd, int level, int name, const void* value, socklen_t length) noexcept {
  if (Calls* calls = owner(fd)) return answer(calls->setsockopt(fd, {level, name}, value, length));
  return pass(SYS_setsockopt, fd, level, name, value, length);
}

int close(int fd) {
  if (Calls* calls = owner(fd)) return answer(calls->close(fd));
  return pass(SYS_close, fd);
}

int dup(int fd) noexcept {
  if (Calls* calls = owner(fd)) return answer(calls->duplicate(fd));
  return pass(SYS_dup, fd);
}

int dup3(int fd, int to, int flags) noexcept {
  Calls* calls = owner(fd);
  if (calls == nullptr) calls = owner(to);
  if (calls != nullptr && fd != to) return answer(calls->duplicate_to(fd, to, flags));
  return pass(SYS_dup3, fd, to, flags);
}

int dup2(int fd, int to) noexcept {
  if (fd == to) return pass(SYS_dup2, fd, to);
  return dup3(fd, to, 0);
}

// With 64-bit offsets libc's headers call it fcntl64; both names are asked for.
int fcntl(int fd, int command, ...) {
  va_list more;
  va_start(more, command);
  const long argument = va_arg(more, long);
  va_end(more);
  if (Calls* calls = owner(fd)) return answer(calls->control(fd, command, argument));
  return pass(SYS_fcntl, fd, command, argument);
}

int fcntl_of_old(int fd, int command, ...) asm("fcntl");
int fcntl_of_old(int fd, int command, ...) {
  va_list more;
  va_start(more, command);
  const long argument = va_arg(more, long);
  va_end(more);
  return fcntl(fd, command, argument);
}

int ioctl(int fd, unsigned long request, ...) noexcept {
  va_list more;
  va_start(more, request);
  void* argument = va_arg(more, void*);
  va_end(more);
  if (Calls* calls = owner(fd)) return answer(calls->device_control(fd, request, argument));
  return pass(SYS_ioctl, fd, request, argument);
}
}
