#include <algorithm>
#include <span>

#include "base/check.h"
#include "extaris/netdev/sim_link.h"
#include "extaris/packet/eal.h"
#include "libos/posix/calls.h"
#include "tests/differential/sockets.h"

namespace arrakis::differential {
namespace {

using posix::Calls;
using posix::Host;
using posix::Lock;
using posix::Sleeper;
using posix::Wake;

// Two hosts on a cable. One thread, so who waits is who lets time pass, for both.
class Cable final : public posix::Driver {
 public:
  Cable() {
    hosts_[0].start(stacks_[0], {*IpAddress::parse("10.0.0.1")});
    hosts_[1].start(stacks_[1], {*IpAddress::parse("10.0.0.2")});
    enter();
  }
  Calls& calls(int end) { return calls_[end]; }

  Instant now() override { return now_; }
  // Until nothing is under way any more: no time passes on the cable.
  void enter() override {
    do {
      link_.advance(now_);
      for (int end = 0; end < 2; ++end) {
        stacks_[end].poll(now_);
        stacks_[end].flush();
        hosts_[end].take_news();
      }
    } while (link_.next_event() && *link_.next_event() <= now_);
  }
  void flush() override { enter(); }
  Wake wait(Lock&, Sleeper& sleeper, Instant until, int) override {
    for (;;) {
      enter();
      if (sleeper.is_awake()) return Wake::woken;
      if (now_ >= until) return Wake::late;
      std::optional<Instant> next = link_.next_event();
      for (const extaris::Stack& stack : stacks_)
        if (const auto due = stack.next_deadline(); due && (!next || *due < *next)) next = due;
      if (!next && until == posix::never) return Wake::interrupted;  // for ever
      now_ = std::max(now_ + Duration::microseconds(1), std::min(next.value_or(until), until));
    }
  }

 private:
  static extaris::StackConfig config(const char* prefix, std::uint64_t seed) {
    return {.addresses = {*IpPrefix::parse(prefix)},
            .routes = {},
            .neighbors = {},
            .seed = seed,
            .tcp = {.connections_max = 256}};
  }

  Instant now_{Duration::seconds(1).ns};
  extaris::PacketPool pool_ = std::move(*extaris::PacketPool::create({.packets = 4096}));
  extaris::SimLink link_{pool_, {}, 1};
  extaris::Stack stacks_[2]{{link_.end(0), config("10.0.0.1/24", 1)},
                            {link_.end(1), config("10.0.0.2/24", 2)}};
  Host hosts_[2]{{*this, {}}, {*this, {}}};
  Calls calls_[2]{Calls{hosts_[0]}, Calls{hosts_[1]}};
};

std::optional<Duration> timeout(int ms) {
  return ms < 0 ? std::nullopt : std::optional{Duration::milliseconds(ms)};
}

class Ours final : public Sockets {
 public:
  Ours(std::unique_ptr<Cable> cable, Cable& shared, int end)
      : cable_{std::move(cable)}, calls_{shared.calls(end)}, end_{end} {}

  std::string address() const override { return end_ == 0 ? "10.0.0.1" : "10.0.0.2"; }
  int socket(int domain, int type) override { return answer(calls_.socket(domain, type, 0)); }
  int bind(int fd, const sockaddr* a, socklen_t n) override {
    return answer(calls_.bind(fd, {a, n}));
  }
  int listen(int fd, int backlog) override { return answer(calls_.listen(fd, backlog)); }
  int accept(int fd, sockaddr* a, socklen_t* n, int flags) override {
    return answer(calls_.accept(fd, {a, n}, flags));
  }
  int connect(int fd, const sockaddr* a, socklen_t n) override {
    return answer(calls_.connect(fd, {a, n}));
  }
  int shutdown(int fd, int how) override { return answer(calls_.shutdown(fd, how)); }
  int close(int fd) override { return answer(calls_.close(fd)); }
  int dup(int fd) override { return answer(calls_.duplicate(fd)); }
  int getsockname(int fd, sockaddr* a, socklen_t* n) override {
    return answer(calls_.getsockname(fd, {a, n}));
  }
  int getpeername(int fd, sockaddr* a, socklen_t* n) override {
    return answer(calls_.getpeername(fd, {a, n}));
  }
  int getsockopt(int fd, int level, int name, void* v, socklen_t* n) override {
    return answer(calls_.getsockopt(fd, {level, name}, v, n));
  }
  int setsockopt(int fd, int level, int name, const void* v, socklen_t n) override {
    return answer(calls_.setsockopt(fd, {level, name}, v, n));
  }
  int control(int fd, int command, int argument) override {
    return answer(calls_.control(fd, command, argument));
  }
  int device_control(int fd, unsigned long request, int* value) override {
    return answer(calls_.device_control(fd, request, value));
  }
  ssize_t recvmsg(int fd, msghdr* message, int flags) override {
    return answer(calls_.receive_message(fd, message, flags));
  }
  ssize_t sendmsg(int fd, const msghdr* message, int flags) override {
    return answer(calls_.send_message(fd, message, flags));
  }
  int poll(pollfd* fds, int count, int timeout_ms) override {
    return answer(calls_.poll({fds, static_cast<std::size_t>(count)}, timeout(timeout_ms)));
  }
  int epoll_create() override { return answer(calls_.epoll_create(0)); }
  int epoll_ctl(int epfd, int operation, int fd, epoll_event* event) override {
    return answer(calls_.epoll_ctl(epfd, operation, fd, event));
  }
  int epoll_wait(int epfd, epoll_event* events, int most, int timeout_ms) override {
    if (most <= 0) return answer<int>(posix::fail(EINVAL));
    return answer(
        calls_.epoll_wait(epfd, {events, static_cast<std::size_t>(most)}, timeout(timeout_ms)));
  }

 private:
  std::unique_ptr<Cable> cable_;  // of one of the two, who goes last
  Calls& calls_;
  const int end_;
};

}  // namespace

Pair our_sockets() {
  ARK_CHECK(extaris::start_eal());
  auto cable = std::make_unique<Cable>();
  Cable& shared = *cable;
  return {std::make_unique<Ours>(std::move(cable), shared, 0),
          std::make_unique<Ours>(nullptr, shared, 1)};
}

}  // namespace arrakis::differential
