#include "libos/posix/preload/machine.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <thread>

#include "libos/posix/kernel.h"

namespace arrakis::posix {
namespace {

constexpr Duration spin_usual = Duration::microseconds(50);
// How long a program that ends waits for what it has sent.
constexpr Duration farewell = Duration::milliseconds(50);

std::atomic<Machine*>& the_machine() {
  static std::atomic<Machine*> machine{nullptr};
  return machine;
}

Duration spin_wanted() {
  const char* text = std::getenv("ARRAKIS_SPIN_US");
  if (text == nullptr) return spin_usual;
  return Duration::microseconds(std::clamp(std::atol(text), 0L, 1'000'000L));
}

Result<int> kernel_option(int fd, int level, int name) {
  int value = 0;
  socklen_t length = sizeof(value);
  const auto read = kernel::call(SYS_getsockopt, fd, level, name, &value, &length);
  if (!read) return std::unexpected(read.error());
  return value;
}

std::optional<Endpoint> endpoint_in(int domain, const sockaddr* address, socklen_t length) {
  const Family family = domain == AF_INET ? Family::v4 : Family::v6;
  const auto read = read_address(family, address, length, EAFNOSUPPORT);
  return read ? std::optional{*read} : std::nullopt;
}

bool is_loopback(const IpAddress& address) {
  return address.is_v4() ? address.v4().is_loopback() : address.v6().is_loopback();
}

// When the library is loaded, before the program's own code runs.
[[gnu::constructor]] void begin() {
  const char* app = std::getenv("ARRAKIS_APP");
  if (app == nullptr || *app == '\0') return;
  the_machine() = new Machine;
  ::pthread_atfork(nullptr, nullptr, [] { the_machine() = nullptr; });
}

[[gnu::destructor]] void end() {
  if (Machine* machine = Machine::get()) machine->end();
}

}  // namespace

Machine::Machine() : driver_{spin_wanted()}, host_{driver_, {}}, calls_{host_} {}

Machine* Machine::get() { return the_machine().load(std::memory_order_acquire); }

std::optional<Machine::Kind> Machine::kind_of(int fd) {
  const auto domain = kernel_option(fd, SOL_SOCKET, SO_DOMAIN);
  const auto type = kernel_option(fd, SOL_SOCKET, SO_TYPE);
  const auto protocol = kernel_option(fd, SOL_SOCKET, SO_PROTOCOL);
  if (!domain || !type || !protocol) return std::nullopt;
  const bool is_known = (*type == SOCK_STREAM && *protocol == IPPROTO_TCP) ||
                        (*type == SOCK_DGRAM && *protocol == IPPROTO_UDP);
  if ((*domain != AF_INET && *domain != AF_INET6) || !is_known) return std::nullopt;
  return Kind{*domain, *type};
}

bool Machine::attach() {
  const std::lock_guard lock{attaching_};
  if (!is_attached_) {
    is_attaching_ = true;
    is_attached_ = attach_now();
    is_attaching_ = false;
  }
  return *is_attached_;
}

bool Machine::attach_now() try {
  auto app = App::attach();
  if (!app) {
    std::fprintf(stderr, "arrakis: sockets stay with Linux: %s\n", app.error().message.c_str());
    if (!app.error().remedy.empty())
      std::fprintf(stderr, "  fix: %s\n", app.error().remedy.c_str());
    return false;
  }
  app_.emplace(std::move(*app));
  const Vnic& vnic = app_->vnic();
  std::vector<IpAddress> addresses;
  for (const IpPrefix& prefix : vnic.addresses()) addresses.push_back(prefix.address);
  Queue& queue = app_->vnic().queue();
  const int doorbell = queue.doorbell();
  {
    const Lock lock = host_.lock();
    host_.start(queue.stack(), std::move(addresses));
    driver_.start(host_, queue, doorbell);
  }
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread{[this] { driver_.keep_house(); }}.detach();
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return true;
} catch (const std::exception& error) {
  std::fprintf(stderr, "arrakis: sockets stay with Linux: %s\n", error.what());
  return false;
}

bool Machine::reaches(const IpAddress& address) {
  const Lock lock = host_.lock();
  return host_.stack().has_route(address);
}

// What the program said while it was Linux's.
void Machine::copy_options(int fd, const Kind& kind) {
  struct Copied {
    Option option;
    int usual;
  };
  constexpr std::array copied{
      Copied{{SOL_SOCKET, SO_REUSEADDR}, 0},     Copied{{SOL_SOCKET, SO_REUSEPORT}, 0},
      Copied{{SOL_SOCKET, SO_KEEPALIVE}, 0},     Copied{{SOL_SOCKET, SO_BROADCAST}, 0},
      Copied{{SOL_SOCKET, SO_RCVLOWAT}, 1},      Copied{{IPPROTO_IPV6, IPV6_V6ONLY}, 0},
      Copied{{IPPROTO_TCP, TCP_NODELAY}, 0},     Copied{{IPPROTO_TCP, TCP_KEEPIDLE}, 7200},
      Copied{{IPPROTO_TCP, TCP_KEEPINTVL}, 75},  Copied{{IPPROTO_TCP, TCP_KEEPCNT}, 9},
      Copied{{IPPROTO_TCP, TCP_USER_TIMEOUT}, 0}};
  for (const Copied& c : copied) {
    if (c.option.level == IPPROTO_TCP && kind.type != SOCK_STREAM) continue;
    const auto value = kernel_option(fd, c.option.level, c.option.name);
    if (value && *value != c.usual) (void)calls_.setsockopt(fd, c.option, &*value, sizeof(*value));
  }
  for (const int name : {SO_LINGER, SO_RCVTIMEO, SO_SNDTIMEO}) {
    std::array<std::byte, sizeof(timeval)> value{};
    socklen_t length = value.size();
    if (kernel::call(SYS_getsockopt, fd, SOL_SOCKET, name, value.data(), &length))
      (void)calls_.setsockopt(fd, {SOL_SOCKET, name}, value.data(), length);
  }
  const auto flags = kernel::control(fd, F_GETFL, 0);
  if (flags) (void)calls_.control(fd, F_SETFL, *flags);
}

bool Machine::take(int fd, const Kind& kind) {
  if (!calls_.adopt(fd, kind.domain, kind.type)) return false;
  copy_options(fd, kind);
  return true;
}

bool Machine::takes_bind(int fd, const sockaddr* address, socklen_t length) {
  const auto kind = kind_of(fd);
  if (!kind) return false;
  const auto endpoint = endpoint_in(kind->domain, address, length);
  if (!endpoint || is_loopback(endpoint->address) || endpoint->address.is_multicast()) return false;
  // A client that only wants a port: where it connects to decides.
  if (endpoint->address.is_any() && endpoint->port == 0) return false;
  if (!attach()) return false;
  return host_.is_ours(endpoint->address) && take(fd, *kind);
}

bool Machine::takes_listen(int fd) {
  const auto kind = kind_of(fd);
  sockaddr_storage name{};
  socklen_t length = sizeof(name);
  auto* address = reinterpret_cast<sockaddr*>(&name);
  if (!kind || kind->type != SOCK_STREAM || !kernel::call(SYS_getsockname, fd, address, &length))
    return false;
  const auto endpoint = endpoint_in(kind->domain, address, length);
  return endpoint && endpoint->port == 0 && attach() && take(fd, *kind);
}

bool Machine::takes_connect(int fd, const sockaddr* address, socklen_t length) {
  const auto kind = kind_of(fd);
  if (!kind) return false;
  const auto endpoint = endpoint_in(kind->domain, address, length);
  if (!endpoint || is_loopback(endpoint->address) || endpoint->address.is_any()) return false;
  return attach() && reaches(endpoint->address) && take(fd, *kind);
}

// Only one that has no address yet; the others were decided on.
bool Machine::takes_send(int fd, const sockaddr* target, socklen_t length) {
  const auto kind = kind_of(fd);
  sockaddr_storage name{};
  socklen_t name_bytes = sizeof(name);
  auto* address = reinterpret_cast<sockaddr*>(&name);
  if (!kind || kind->type != SOCK_DGRAM || !kernel::call(SYS_getsockname, fd, address, &name_bytes))
    return false;
  const auto endpoint = endpoint_in(kind->domain, address, name_bytes);
  return endpoint && endpoint->port == 0 && takes_connect(fd, target, length);
}

void Machine::end() {
  if (!host_.is_started()) return;
  calls_.drop_all();
  Lock lock = host_.lock();
  Sleeper sleeper;
  driver_.flush();
  if (app_->vnic().queue().stack().next_deadline())
    (void)driver_.wait(lock, sleeper, driver_.now() + farewell, -1);
}

}  // namespace arrakis::posix
