// What the tool calls in libc although it means the stack under test: it reads TCP_INFO, and closes
// what a script left open.
#include <dlfcn.h>
#include <sys/socket.h>
#include <sys/times.h>

#include "libos/posix/kernel.h"
#include "tests/packetdrill/current.h"

namespace {

using arrakis::packetdrill::current;
using arrakis::packetdrill::World;

// nullptr: it is the kernel's.
World* owner(int fd) {
  World* world = current().world;
  return world != nullptr && world->calls().is_ours(fd) ? world : nullptr;
}

}  // namespace

extern "C" {

int getsockopt(int fd, int level, int name, void* value, socklen_t* length) noexcept {
  if (World* world = owner(fd))
    return answer(world->calls().getsockopt(fd, {level, name}, value, length));
  return answer(arrakis::posix::kernel::call(SYS_getsockopt, fd, level, name, value, length));
}

int close(int fd) {
  if (World* world = owner(fd)) return answer(world->calls().close(fd));
  return answer(arrakis::posix::kernel::call(SYS_close, fd));
}

// The tool waits for some ticks of the kernel's clock to pass before it starts; here they do.
clock_t times(struct tms* buffer) noexcept {
  static std::atomic<clock_t> ticks{0};
  if (buffer != nullptr) *buffer = {};
  return ++ticks;
}
}
