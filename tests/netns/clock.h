// clock.h: the time that stacks here live in.
#pragma once

#include <chrono>

#include "base/instant.h"

namespace arrakis {

inline Instant clock_now() {
  return {std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1)};
}

}  // namespace arrakis
