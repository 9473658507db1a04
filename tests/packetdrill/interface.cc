// The 33 functions, each one line of translation.
#include "tests/packetdrill/interface.h"

#include <sys/mman.h>

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/check.h"
#include "extaris/packet/eal.h"
#include "libos/posix/kernel.h"
#include "tests/packetdrill/current.h"

namespace arrakis::packetdrill {
namespace {

using posix::AddressIn;
using posix::AddressOut;
using posix::answer;

World& of(void* userdata) { return *static_cast<World*>(userdata); }
posix::Calls& calls(void* userdata) { return of(userdata).calls(); }

std::optional<Duration> timeout_of(int ms) {
  return ms < 0 ? std::nullopt : std::optional{Duration::milliseconds(ms)};
}

// The address of either family; any: it says nothing.
IpAddress address_in(const sockaddr* address, socklen_t length) {
  for (const auto family : {posix::Family::v4, posix::Family::v6})
    if (const auto read = posix::read_address(family, address, length, EAFNOSUPPORT))
      return read->address;
  return {};
}

void drop(void* userdata) {
  World* world = &of(userdata);
  World* expected = world;
  current().world.compare_exchange_strong(expected, nullptr);
  delete world;
}

int make_socket(void* u, int domain, int type, int protocol) {
  return answer(calls(u).socket(domain, type, protocol));
}

int bind_to(void* u, int fd, const sockaddr* address, socklen_t length) {
  const IpAddress given = address_in(address, length);
  if (!given.is_any()) of(u).settle_on(given);
  return answer(calls(u).bind(fd, {address, length}));
}

int begin_listening(void* u, int fd, int backlog) {
  of(u).settle_on({});
  return answer(calls(u).listen(fd, backlog));
}

int accept_one(void* u, int fd, sockaddr* address, socklen_t* length) {
  return answer(calls(u).accept(fd, {address, length}, 0));
}

int connect_to(void* u, int fd, const sockaddr* address, socklen_t length) {
  of(u).settle_on({});
  return answer(calls(u).connect(fd, {address, length}));
}

ssize_t receive(void* u, int fd, void* buffer, std::size_t count, int flags,
                const AddressOut& source = {}) {
  const iovec part{buffer, count};
  return answer(calls(u).receive(fd, {&part, 1}, flags, source));
}

ssize_t send(void* u, int fd, const void* buffer, std::size_t count, int flags,
             const AddressIn& target = {}) {
  of(u).settle_on({});
  const iovec part{const_cast<void*>(buffer), count};
  return answer(calls(u).send(fd, {&part, 1}, flags, target));
}

int control(void* u, int fd, int command, ...) {
  va_list more;
  va_start(more, command);
  const long argument = va_arg(more, long);
  va_end(more);
  return answer(calls(u).control(fd, command, argument));
}

int device_control(void* u, int fd, unsigned long request, ...) {
  va_list more;
  va_start(more, request);
  void* argument = va_arg(more, void*);
  va_end(more);
  return answer(calls(u).device_control(fd, request, argument));
}

int close_one(void* u, int fd) {
  if (calls(u).is_ours(fd)) return answer(calls(u).close(fd));
  return answer(posix::kernel::as_int(posix::kernel::call(SYS_close, fd)));
}

int netdev_send(void* u, const void* packet, std::size_t bytes) {
  const std::span whole{static_cast<const std::byte*>(packet), bytes};
  // Where it is for is who we are; IPv4 and IPv6 keep it in these places.
  if (bytes >= 40 && std::to_integer<int>(whole[0]) >> 4 == 6) {
    Ipv6Address target;
    std::memcpy(target.bytes.data(), whole.data() + 24, target.bytes.size());
    of(u).settle_on(target);
  } else if (bytes >= 20) {
    Ipv4Address target;
    std::memcpy(target.bytes.data(), whole.data() + 16, target.bytes.size());
    of(u).settle_on(target);
  }
  if (of(u).give(whole)) return 0;
  errno = EINVAL;
  return -1;
}

int netdev_receive(void* u, void* packet, std::size_t* bytes, long long* time_us) {
  const World::Taken taken = of(u).take({static_cast<std::byte*>(packet), *bytes});
  *bytes = taken.bytes;
  *time_us = taken.at_us;
  return 0;
}

int read_clock(void* u, timeval* time, struct timezone*) {
  const Instant now = of(u).read_clock();
  time->tv_sec = now.ns / 1'000'000'000;
  time->tv_usec = now.ns % 1'000'000'000 / 1000;
  return 0;
}

int make_pipe(void*, int fds[2]) {
  return answer(posix::kernel::as_int(posix::kernel::call(SYS_pipe2, fds, 0)));
}

ssize_t splice(void*, int in, loff_t* in_offset, int out, loff_t* out_offset, std::size_t count,
               unsigned flags) {
  const auto moved = posix::kernel::call(SYS_splice, in, in_offset, out, out_offset, count, flags);
  if (moved) return *moved;
  errno = static_cast<int>(moved.error());
  return -1;
}

void fill_in_transfers(packetdrill_interface& i) {
  i.read = [](void* u, int fd, void* b, size_t n) { return receive(u, fd, b, n, 0); };
  i.readv = [](void* u, int fd, const iovec* parts, int n) {
    return answer(calls(u).receive(fd, {parts, static_cast<std::size_t>(n)}, 0));
  };
  i.recv = [](void* u, int fd, void* b, size_t n, int flags) {
    return receive(u, fd, b, n, flags);
  };
  i.recvfrom = [](void* u, int fd, void* b, size_t n, int flags, sockaddr* source,
                  socklen_t* length) { return receive(u, fd, b, n, flags, {source, length}); };
  i.recvmsg = [](void* u, int fd, msghdr* message, int flags) {
    return answer(calls(u).receive_message(fd, message, flags));
  };
  i.write = [](void* u, int fd, const void* b, size_t n) { return send(u, fd, b, n, 0); };
  i.writev = [](void* u, int fd, const iovec* parts, int n) {
    return answer(calls(u).send(fd, {parts, static_cast<std::size_t>(n)}, 0));
  };
  i.send = [](void* u, int fd, const void* b, size_t n, int flags) {
    return send(u, fd, b, n, flags);
  };
  i.sendto = [](void* u, int fd, const void* b, size_t n, int flags, const sockaddr* target,
                socklen_t length) { return send(u, fd, b, n, flags, {target, length}); };
  i.sendmsg = [](void* u, int fd, const msghdr* message, int flags) {
    of(u).settle_on({});
    return answer(calls(u).send_message(fd, message, flags));
  };
}

void fill_in_polls(packetdrill_interface& i) {
  i.poll = [](void* u, pollfd* fds, nfds_t n, int timeout) {
    return answer(calls(u).poll({fds, n}, timeout_of(timeout)));
  };
  i.epoll_create = [](void* u, int size) {
    if (size <= 0) return answer<int>(posix::fail(EINVAL));
    return answer(calls(u).epoll_create(0));
  };
  i.epoll_ctl = [](void* u, int epfd, int operation, int fd, epoll_event* event) {
    return answer(calls(u).epoll_ctl(epfd, operation, fd, event));
  };
  i.epoll_wait = [](void* u, int epfd, epoll_event* events, int most, int timeout) {
    if (most <= 0) return answer<int>(posix::fail(EINVAL));
    return answer(
        calls(u).epoll_wait(epfd, {events, static_cast<std::size_t>(most)}, timeout_of(timeout)));
  };
}

void fill_in(packetdrill_interface& i) {
  i.free = drop;
  i.socket = make_socket;
  i.bind = bind_to;
  i.listen = begin_listening;
  i.accept = accept_one;
  i.connect = connect_to;
  fill_in_transfers(i);
  i.fcntl = control;
  i.ioctl = device_control;
  i.close = close_one;
  i.shutdown = [](void* u, int fd, int how) { return answer(calls(u).shutdown(fd, how)); };
  i.getsockopt = [](void* u, int fd, int level, int name, void* value, socklen_t* length) {
    return answer(calls(u).getsockopt(fd, {level, name}, value, length));
  };
  i.setsockopt = [](void* u, int fd, int level, int name, const void* value, socklen_t length) {
    return answer(calls(u).setsockopt(fd, {level, name}, value, length));
  };
  fill_in_polls(i);
  i.netdev_send = netdev_send;
  i.netdev_receive = netdev_receive;
  i.usleep = [](void* u, useconds_t us) {
    of(u).sleep(Duration::microseconds(us));
    return 0;
  };
  i.gettimeofday = read_clock;
  i.pipe = make_pipe;
  i.splice = splice;
}

// The environment carries its name to the program `sysctl`.
int make_sysctl_file() {
  const int fd = ::memfd_create("sysctl", 0);
  const std::string path = "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(fd);
  ::setenv("PACKETDRILL_SYSCTLS", path.c_str(), 1);
  return fd;
}

// When it is loaded, which is before any script of the tool can call `sysctl`.
[[gnu::constructor]] void prepare() { current().sysctls = make_sysctl_file(); }

}  // namespace

Current& current() {
  static Current current;
  return current;
}

}  // namespace arrakis::packetdrill

void packetdrill_interface_init(const char* flags, packetdrill_interface* out) {
  namespace pd = arrakis::packetdrill;
  // Little: the tool locks all memory.
  const auto up = arrakis::extaris::start_eal({.memory_mib = 16});
  if (!up) std::fprintf(stderr, "packetdrill: %s\n", up.error().message.c_str());
  ARK_CHECK(up);
  pd::Settings settings;
  const std::string unknown = settings.read_flags(flags != nullptr ? flags : "");
  if (!unknown.empty()) std::fprintf(stderr, "packetdrill: unknown flags:%s\n", unknown.c_str());
  auto* world = new pd::World{settings, pd::current().sysctls};
  pd::current().world = world;
  *out = {};
  out->userdata = world;
  pd::fill_in(*out);
}
