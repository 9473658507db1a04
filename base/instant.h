// instant.h: points in time and spans of it, in nanoseconds, from one monotonic clock.
//
// Protocol code never asks a clock: it is handed an Instant, so a test owns time.
#pragma once

#include <compare>
#include <cstdint>

namespace arrakis {

struct Duration {
  std::int64_t ns = 0;

  static constexpr Duration microseconds(std::int64_t n) { return {n * 1'000}; }
  static constexpr Duration milliseconds(std::int64_t n) { return {n * 1'000'000}; }
  static constexpr Duration seconds(std::int64_t n) { return {n * 1'000'000'000}; }
  static constexpr Duration max() { return {INT64_MAX}; }  // for ever

  friend constexpr Duration operator+(Duration a, Duration b) { return {a.ns + b.ns}; }
  friend constexpr Duration operator-(Duration a, Duration b) { return {a.ns - b.ns}; }
  friend constexpr Duration operator*(Duration d, std::int64_t n) { return {d.ns * n}; }
  friend constexpr auto operator<=>(Duration, Duration) = default;
};

// Meaningful only beside another Instant of the same clock.
struct Instant {
  std::int64_t ns = 0;

  friend constexpr Instant operator+(Instant t, Duration d) { return {t.ns + d.ns}; }
  friend constexpr Instant operator-(Instant t, Duration d) { return {t.ns - d.ns}; }
  friend constexpr Duration operator-(Instant a, Instant b) { return {a.ns - b.ns}; }
  friend constexpr auto operator<=>(Instant, Instant) = default;
};

}  // namespace arrakis
