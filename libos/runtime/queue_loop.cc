#include "libos/runtime/queue_loop.h"

#include <poll.h>
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>

namespace arrakis::runtime {
namespace {

constexpr Instant never{Duration::max().ns};

timespec to_timespec(Duration duration) {
  return {.tv_sec = duration.ns / 1'000'000'000, .tv_nsec = duration.ns % 1'000'000'000};
}

}  // namespace

std::size_t QueueLoop::wait(std::optional<Duration> timeout) noexcept {
  const std::uint64_t told = stack_.tcp_event_count();
  const auto has_news = [&] { return stack_.tcp_event_count() != told; };  // of a timer
  if (const std::size_t count = poll()) return count;
  if (has_news()) return 0;

  const Instant begun = clock_.now();
  const Instant end = timeout ? after(begun, *timeout) : never;
  // Who has no doorbell cannot sleep.
  const Instant spin_end = device_->doorbell() < 0 ? end : std::min(end, after(begun, spin_));
  while (clock_.last() < spin_end) {
    if (const std::size_t count = poll()) return count;
    if (has_news()) return 0;
  }

  while (clock_.last() < end) {
    if (!arm()) return last_count_;
    if (has_news()) return 0;
    const Wake wake = sleep(std::min(end, wake_by(clock_.last()).value_or(never)));
    if (const std::size_t count = poll()) return count;
    if (wake == Wake::interrupted || has_news()) return 0;
  }
  return 0;
}

bool QueueLoop::arm() noexcept {
  device_->arm_doorbell();
  armed_ = true;
  // What came before the doorbell was armed rings nobody.
  last_count_ = stack_.poll(clock_.now());
  if (last_count_ > 0) disarm();
  return last_count_ == 0;
}

void QueueLoop::disarm() noexcept {
  device_->disarm_doorbell();
  armed_ = false;
  clock_.now();  // the program slept, most likely
}

// An epoll costs the kernel a little at each packet, so there is one only for who asks.
int QueueLoop::doorbell() noexcept {
  const int of_device = device_->doorbell();
  if (of_device < 0 || outlook_.bell() < 0) return of_device;
  if (both_bells_) return both_bells_.get();
  extaris::Descriptor both{::epoll_create1(EPOLL_CLOEXEC)};
  for (const int fd : {of_device, outlook_.bell()}) {
    epoll_event event{.events = EPOLLIN, .data = {}};
    if (::epoll_ctl(both.get(), EPOLL_CTL_ADD, fd, &event) != 0) return of_device;
  }
  both_bells_ = std::move(both);
  return both_bells_.get();
}

// When to poll again even if nothing rings.
std::optional<Instant> QueueLoop::wake_by(Instant now) const noexcept {
  const std::optional<Instant> timer = stack_.next_deadline();
  if (device_->link_up()) return timer;
  return std::min(timer.value_or(never), now + link_check);
}

std::optional<Duration> QueueLoop::next_deadline() const noexcept {
  const Instant now = MonotonicClock{}();
  const std::optional<Instant> by = wake_by(now);
  if (!by) return std::nullopt;
  return std::max(*by - now, Duration{});
}

QueueLoop::Wake QueueLoop::sleep(Instant until) noexcept {
  // A negative descriptor is not looked at.
  std::array<pollfd, 2> bells{pollfd{.fd = device_->doorbell(), .events = POLLIN, .revents = 0},
                              pollfd{.fd = outlook_.bell(), .events = POLLIN, .revents = 0}};
  pollfd& bell = bells[0];
  const auto sleep_for = [&](Duration duration) {
    const timespec relative = to_timespec(std::max(duration, Duration{}));
    return ::ppoll(bells.data(), bells.size(), duration == Duration::max() ? nullptr : &relative,
                   nullptr);
  };
  const Duration at_most = until == never ? Duration::max() : until - clock_.last();
  int result = sleep_for(at_most);
  if (result > 0 && bell.revents != 0 && (bell.revents & POLLIN) == 0) {
    // The device is broken and its descriptor says so at every look: do not spin on that.
    bell.fd = -1;
    result = sleep_for(std::min(at_most, link_check));
  }
  return result < 0 && errno == EINTR ? Wake::interrupted : Wake::look;
}

}  // namespace arrakis::runtime
