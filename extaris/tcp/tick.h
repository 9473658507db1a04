// tick.h: TCP's own clock: milliseconds modulo 2^32, small enough for a control block. Timers and
// the timestamps option (RFC 7323, 5.4: 1 ms to 1 s) count in it.
#pragma once

#include <cstdint>

#include "base/instant.h"

namespace arrakis::extaris::tcp {

struct Tick {
  std::uint32_t ms = 0;

  // Right only while the two are closer than 24 days.
  constexpr bool before(Tick other) const { return static_cast<std::int32_t>(ms - other.ms) < 0; }
  friend constexpr Tick operator+(Tick t, std::uint32_t more) { return {t.ms + more}; }
  // Rounded up, so that nothing happens early.
  friend constexpr Tick operator+(Tick t, Duration d) {
    return {t.ms + static_cast<std::uint32_t>((d.ns + 999'999) / 1'000'000)};
  }
  friend constexpr std::uint32_t operator-(Tick a, Tick b) { return a.ms - b.ms; }
  friend constexpr bool operator==(Tick, Tick) = default;
};

constexpr bool has_come(Tick due, Tick now) { return !now.before(due); }

// One instant in both clocks; made once a poll.
struct Now {
  Instant at;
  Tick tick;
  std::uint8_t day = 0;  // modulo 256

  static constexpr Now of(Instant at) {
    return {at, Tick{static_cast<std::uint32_t>(at.ns / 1'000'000)},
            static_cast<std::uint8_t>(at.ns / Duration::seconds(86'400).ns)};
  }
};

}  // namespace arrakis::extaris::tcp
