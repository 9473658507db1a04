#include "libos/runtime/clock.h"

#include <ctime>

namespace arrakis::runtime {

Instant MonotonicClock::operator()() const noexcept {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return {now.tv_sec * 1'000'000'000 + now.tv_nsec};
}

}  // namespace arrakis::runtime
