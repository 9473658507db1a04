// Replaced: poll, select and epoll in all their forms.
#include <sys/select.h>

#include <algorithm>
#include <span>
#include <vector>

#include "libos/posix/preload/answer.h"

using arrakis::Duration;
using arrakis::posix::answer;
using arrakis::posix::Calls;
using arrakis::posix::fail;
using arrakis::posix::Machine;
using arrakis::posix::owner;
using arrakis::posix::pass;
using arrakis::posix::Result;

namespace {

using Timeout = std::optional<Duration>;  // nothing: for ever

Timeout of_ms(int ms) { return ms < 0 ? Timeout{} : Duration::milliseconds(ms); }

Result<Timeout> of_timespec(const timespec* time) {
  if (time == nullptr) return Timeout{};
  if (time->tv_sec < 0 || time->tv_nsec < 0 || time->tv_nsec >= 1'000'000'000) return fail(EINVAL);
  if (time->tv_sec > 1'000'000'000) return Timeout{};
  return Timeout{Duration{time->tv_sec * 1'000'000'000 + time->tv_nsec}};
}

// Signals that a call lets through while it waits.
class SignalMask {
 public:
  explicit SignalMask(const sigset_t* mask) : is_set_{mask != nullptr} {
    if (is_set_) ::pthread_sigmask(SIG_SETMASK, mask, &before_);
  }
  SignalMask(const SignalMask&) = delete;
  SignalMask& operator=(const SignalMask&) = delete;
  ~SignalMask() {
    if (is_set_) ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  bool is_set_;
  sigset_t before_{};
};

Calls* owner_of_any(const pollfd* fds, nfds_t count) {
  if (Machine::get() == nullptr || fds == nullptr) return nullptr;
  for (nfds_t i = 0; i < count; ++i)
    if (Calls* calls = owner(fds[i].fd)) return calls;
  return nullptr;
}

// What select() asks of descriptors, as poll() would be asked.
std::vector<pollfd> to_pollfds(int count, const fd_set* in, const fd_set* out,
                               const fd_set* urgent) {
  std::vector<pollfd> fds;
  const auto has = [](int fd, const fd_set* set) {
    // Not FD_ISSET: that one ends the program above 1,024, which select() itself allows.
    if (set == nullptr) return false;
    const auto word = static_cast<std::size_t>(fd) / NFDBITS;
    return (__FDS_BITS(set)[word] >> (fd % NFDBITS) & 1) != 0;
  };
  for (int fd = 0; fd < count; ++fd) {
    int events = 0;
    if (has(fd, in)) events |= POLLIN | POLLRDHUP;
    if (has(fd, out)) events |= POLLOUT;
    if (has(fd, urgent)) events |= POLLPRI;
    if (events != 0) fds.push_back({fd, static_cast<short>(events), 0});
  }
  return fds;
}

// The bits that were not found ready are taken out; how many are left.
int write_back(std::span<const pollfd> fds, fd_set* in, fd_set* out, fd_set* urgent) {
  int ready = 0;
  const auto put = [&ready](fd_set* set, int fd, bool is_ready) {
    const long bit = 1L << (fd % NFDBITS);
    auto& word = __FDS_BITS(set)[static_cast<std::size_t>(fd) / NFDBITS];
    if (is_ready)
      ++ready;
    else
      word &= ~bit;
  };
  for (const pollfd& p : fds) {
    // As fs/select.c has it.
    if ((p.events & POLLIN) != 0)
      put(in, p.fd, (p.revents & (POLLIN | POLLHUP | POLLERR | POLLRDHUP)) != 0);
    if ((p.events & POLLOUT) != 0) put(out, p.fd, (p.revents & (POLLOUT | POLLERR)) != 0);
    if ((p.events & POLLPRI) != 0) put(urgent, p.fd, (p.revents & POLLPRI) != 0);
  }
  return ready;
}

int select_with(int count, fd_set* in, fd_set* out, fd_set* urgent, const Timeout& timeout,
                bool& is_ours) {
  auto fds = to_pollfds(count, in, out, urgent);
  Calls* calls = owner_of_any(fds.data(), fds.size());
  is_ours = calls != nullptr;
  if (!is_ours) return 0;
  const auto ready = calls->poll(fds, timeout);
  if (!ready) return answer(ready);
  const bool has_closed =
      std::ranges::any_of(fds, [](const pollfd& p) { return (p.revents & POLLNVAL) != 0; });
  if (has_closed) return answer<int>(fail(EBADF));
  return write_back(fds, in, out, urgent);
}

int wait_for_epoll(Calls& calls, int epfd, epoll_event* events, int most, const Timeout& timeout) {
  if (most <= 0) return answer<int>(fail(EINVAL));
  if (events == nullptr) return answer<int>(fail(EFAULT));
  return answer(calls.epoll_wait(epfd, {events, static_cast<std::size_t>(most)}, timeout));
}

constexpr std::size_t kernel_mask_bytes = 8;  // _NSIG / 8

}  // namespace

extern "C" {

int poll(pollfd* fds, nfds_t count, int timeout) {
  if (Calls* calls = owner_of_any(fds, count))
    return answer(calls->poll({fds, count}, of_ms(timeout)));
  return pass(SYS_poll, fds, count, timeout);
}

int __poll_chk(pollfd* fds, nfds_t count, int timeout, size_t) { return poll(fds, count, timeout); }

int ppoll(pollfd* fds, nfds_t count, const timespec* time, const sigset_t* mask) {
  if (Calls* calls = owner_of_any(fds, count)) {
    const auto timeout = of_timespec(time);
    if (!timeout) return answer<int>(std::unexpected(timeout.error()));
    const SignalMask masked{mask};
    return answer(calls->poll({fds, count}, *timeout));
  }
  timespec copy = time != nullptr ? *time : timespec{};
  return pass(SYS_ppoll, fds, count, time != nullptr ? &copy : nullptr, mask, kernel_mask_bytes);
}

int __ppoll_chk(pollfd* fds, nfds_t count, const timespec* time, const sigset_t* mask, size_t) {
  return ppoll(fds, count, time, mask);
}

int select(int count, fd_set* in, fd_set* out, fd_set* urgent, timeval* time) {
  if (Machine::get() != nullptr && count > 0) {
    Timeout timeout;
    if (time != nullptr)
      timeout = Duration::seconds(std::clamp(time->tv_sec, 0L, 1'000'000'000L)) +
                Duration::microseconds(time->tv_usec);
    bool is_ours = false;
    const int ready = select_with(count, in, out, urgent, timeout, is_ours);
    if (is_ours) return ready;
  }
  return pass(SYS_select, count, in, out, urgent, time);
}

int pselect(int count, fd_set* in, fd_set* out, fd_set* urgent, const timespec* time,
            const sigset_t* mask) {
  const auto timeout = of_timespec(time);
  if (Machine::get() != nullptr && count > 0 && timeout) {
    const SignalMask masked{mask};
    bool is_ours = false;
    const int ready = select_with(count, in, out, urgent, *timeout, is_ours);
    if (is_ours) return ready;
  }
  timespec copy = time != nullptr ? *time : timespec{};
  const struct {
    const sigset_t* mask;
    std::size_t bytes;
  } packed{mask, kernel_mask_bytes};
  return pass(SYS_pselect6, count, in, out, urgent, time != nullptr ? &copy : nullptr, &packed);
}

int epoll_create1(int flags) noexcept {
  Machine* machine = Machine::get();
  if (machine != nullptr && machine->makes_epoll_sets())
    return answer(machine->calls().epoll_create(flags));
  return pass(SYS_epoll_create1, flags);
}

int epoll_create(int size) noexcept {
  if (size <= 0) return answer<int>(fail(EINVAL));
  return epoll_create1(0);
}

int epoll_ctl(int epfd, int operation, int fd, epoll_event* event) noexcept {
  if (Calls* calls = owner(epfd)) return answer(calls->epoll_ctl(epfd, operation, fd, event));
  return pass(SYS_epoll_ctl, epfd, operation, fd, event);
}

int epoll_wait(int epfd, epoll_event* events, int most, int timeout) {
  if (Calls* calls = owner(epfd)) return wait_for_epoll(*calls, epfd, events, most, of_ms(timeout));
  return pass(SYS_epoll_wait, epfd, events, most, timeout);
}

int epoll_pwait(int epfd, epoll_event* events, int most, int timeout, const sigset_t* mask) {
  if (Calls* calls = owner(epfd)) {
    const SignalMask masked{mask};
    return wait_for_epoll(*calls, epfd, events, most, of_ms(timeout));
  }
  return pass(SYS_epoll_pwait, epfd, events, most, timeout, mask, kernel_mask_bytes);
}

int epoll_pwait2(int epfd, epoll_event* events, int most, const timespec* time,
                 const sigset_t* mask) {
  if (Calls* calls = owner(epfd)) {
    const auto timeout = of_timespec(time);
    if (!timeout) return answer<int>(std::unexpected(timeout.error()));
    const SignalMask masked{mask};
    return wait_for_epoll(*calls, epfd, events, most, *timeout);
  }
  return pass(SYS_epoll_pwait2, epfd, events, most, time, mask, kernel_mask_bytes);
}
}
