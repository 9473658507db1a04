// clock.h: the time for a loop that polls. Reading the clock costs more than an empty poll, so a
// busy loop reads it once in many calls; a slow one at every call.
//
// Threads: one.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>

#include "base/instant.h"

namespace arrakis::runtime {

// CLOCK_MONOTONIC through the vDSO, about 18 ns. The time stamp counter would be 8 ns, and would
// want to be calibrated and trusted on every virtual machine; read seldom, the difference vanishes.
struct MonotonicClock {
  Instant operator()() const noexcept;
};

template <std::invocable Source = MonotonicClock>
class SeldomClock {
 public:
  static constexpr std::int64_t stride_max = 32;  // calls between two readings
  // What the strides aim at. A loop that turns slow all of a sudden is wrong by more, once.
  static constexpr Duration staleness = Duration::microseconds(20);

  explicit SeldomClock(Source source = {}) noexcept : source_{source}, last_{source()} {}

  // Reads the clock, and expects nothing of how soon the next call comes.
  Instant now() noexcept {
    last_ = source_();
    stride_ = calls_left_ = 1;
    return last_;
  }

  // The time, or a time a little ago. Never earlier than what was returned before.
  Instant recent() noexcept {
    if (--calls_left_ > 0) [[likely]]
      return last_;
    return read();
  }

  Instant last() const noexcept { return last_; }

 private:
  Instant read() noexcept {
    const Instant now = source_();
    const std::int64_t elapsed_ns = std::max<std::int64_t>((now - last_).ns, 1);
    const std::int64_t fits = staleness.ns * stride_ / elapsed_ns;
    stride_ = std::clamp<std::int64_t>(fits, 1, std::min(2 * stride_, stride_max));
    calls_left_ = stride_;
    last_ = now;
    return now;
  }

  [[no_unique_address]] Source source_;
  Instant last_;
  std::int64_t stride_ = 1;
  std::int64_t calls_left_ = 1;
};

// Later by `duration`, or the end of time.
constexpr Instant after(Instant instant, Duration duration) {
  Instant sum;
  if (__builtin_add_overflow(instant.ns, duration.ns, &sum.ns)) return {Duration::max().ns};
  return sum;
}

}  // namespace arrakis::runtime
