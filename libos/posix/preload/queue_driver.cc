#include "libos/posix/preload/queue_driver.h"

#include <algorithm>
#include <array>
#include <utility>

#include "libos/posix/kernel.h"
#include "libos/runtime/clock.h"

namespace arrakis::posix {
namespace {

// What came since is not worth a look at every call.
constexpr Duration fresh = Duration::microseconds(5);
constexpr Duration house_period = Duration::milliseconds(10);
// Longer than that, and the queue's idea of what time it is is not trusted.
constexpr Duration stale = Duration::microseconds(100);

timespec to_timespec(Duration duration) {
  return {.tv_sec = duration.ns / 1'000'000'000, .tv_nsec = duration.ns % 1'000'000'000};
}

}  // namespace

struct QueueDriver::Bed final : Sleeper::Bell {
  Bed(QueueDriver& whose, Sleeper& who, int other) : driver{whose}, sleeper{who}, kernel_fd{other} {
    spin_end = driver.now() + driver.spin_;
    driver.beds_.push_back(this);
    sleeper.hang(this);
  }
  Bed(const Bed&) = delete;
  Bed& operator=(const Bed&) = delete;
  ~Bed() {
    sleeper.hang(nullptr);
    std::erase(driver.beds_, this);
    if (bell >= 0) driver.spare_bells_.push_back(bell);
  }
  void ring() override {
    if (!std::exchange(is_asleep, false)) return;
    const std::uint64_t one = 1;
    (void)kernel::call(SYS_write, bell, &one, sizeof(one));
  }

  QueueDriver& driver;
  Sleeper& sleeper;
  const int kernel_fd;
  Instant spin_end;
  int bell = -1;
  bool is_asleep = false;
};

void QueueDriver::start(Host& host, Queue& queue, int doorbell) {
  host_ = &host;
  queue_ = &queue;
  doorbell_ = doorbell;
  poll(now());
  hand_over();  // to who slept without a queue
}

Instant QueueDriver::now() { return runtime::MonotonicClock{}(); }

bool QueueDriver::poll(Instant now) {
  bool came = false;
  if (now - last_poll_ > stale) came = !queue_->arm();  // which reads the clock
  last_poll_ = now;
  if (queue_->poll() > 0) came = true;
  host_->take_news();
  return came;
}

void QueueDriver::enter() {
  if (queue_ == nullptr) return;
  const Instant at = now();
  if (at - last_poll_ >= fresh) poll(at);
}

void QueueDriver::flush() {
  if (queue_ != nullptr) queue_->stack().flush();
}

Wake QueueDriver::sleep(Lock& lock, Bed& bed, Instant until, bool drives) {
  if (bed.bell < 0 && !spare_bells_.empty()) {
    bed.bell = spare_bells_.back();
    spare_bells_.pop_back();
  }
  if (bed.bell < 0) bed.bell = kernel::event_fd(EFD_CLOEXEC | EFD_NONBLOCK).value_or(-1);
  std::array<pollfd, 3> fds{pollfd{.fd = bed.bell, .events = POLLIN, .revents = 0},
                            pollfd{.fd = bed.kernel_fd, .events = POLLIN, .revents = 0},
                            pollfd{.fd = drives ? doorbell_ : -1, .events = POLLIN, .revents = 0}};
  const timespec length = to_timespec(std::max(until - now(), Duration{}));
  bed.is_asleep = true;
  lock.unlock();
  const auto rung = kernel::poll(fds.data(), fds.size(), until == never ? nullptr : &length);
  lock.lock();
  if (!std::exchange(bed.is_asleep, false)) {
    std::uint64_t count = 0;
    (void)kernel::call(SYS_read, bed.bell, &count, sizeof(count));
  }
  if (!rung && is(rung.error(), EINTR)) return Wake::interrupted;
  if (fds[1].revents != 0) return Wake::woken;
  return Wake::late;  // nothing that is known to be it
}

Wake QueueDriver::drive(Lock& lock, Bed& bed, Instant until) {
  const Instant at = now();
  if (poll(at)) bed.spin_end = at + spin_;
  if (bed.sleeper.is_awake()) return Wake::late;
  if (at < bed.spin_end || doorbell_ < 0) {
    lock.unlock();  // others have a turn
    lock.lock();
    return Wake::late;
  }
  const bool is_quiet = queue_->arm();
  host_->take_news();
  Wake wake = Wake::late;
  if (is_quiet && !bed.sleeper.is_awake()) {
    const auto due = queue_->next_deadline();
    wake = sleep(lock, bed, due ? std::min(until, now() + *due) : until, true);
  }
  poll(now());
  return wake;
}

Wake QueueDriver::wait(Lock& lock, Sleeper& sleeper, Instant until, int kernel_fd) {
  Wake wake = Wake::late;
  {
    Bed bed{*this, sleeper, kernel_fd};
    for (;;) {
      if (sleeper.is_awake()) {
        wake = Wake::woken;
        break;
      }
      if (until != never && now() >= until) break;
      Wake slept = Wake::late;
      if (is_driven_ || queue_ == nullptr) {
        slept = sleep(lock, bed, until, false);
      } else {
        is_driven_ = true;
        slept = drive(lock, bed, until);
        is_driven_ = false;
      }
      if (slept == Wake::late) continue;
      wake = sleeper.is_awake() ? Wake::woken : slept;
      break;
    }
  }
  hand_over();
  return wake;
}

// Somebody who sleeps goes on to drive.
void QueueDriver::hand_over() {
  if (is_driven_) return;
  const auto at = std::ranges::find(beds_, true, &Bed::is_asleep);
  if (at != beds_.end()) (*at)->ring();
}

void QueueDriver::keep_house() {
  const timespec period = to_timespec(house_period);
  for (;;) {
    (void)kernel::poll(nullptr, 0, &period);
    const Lock lock = host_->lock();
    const Instant at = now();
    if (is_driven_ || at - last_poll_ < house_period) continue;
    poll(at);
    flush();
  }
}

}  // namespace arrakis::posix
