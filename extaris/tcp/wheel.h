// wheel.h: when to look at which connection: a hierarchical timing wheel (Varghese and Lauck,
// scheme 7) of four levels with 64 slots each, one millisecond to 4.6 hours.
//
// A connection stands in one slot, however many timers it has: that of the earliest. A timer that
// moves to a later time, as the retransmission timer does with every segment, touches nothing here;
// when the slot comes the connection is looked at and goes where it belongs.
// Lifetime: borrows the control blocks.  Threads: one.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "extaris/tcp/connection.h"

namespace arrakis::extaris::tcp {

class Wheel {
 public:
  explicit Wheel(ControlBlock* connections) noexcept;

  // Looks at it at `due` or before. Later than what it stands for already: nothing to do.
  void schedule(ControlBlock& c, Tick due) noexcept {
    if (c.has(flag::on_wheel) && !due.before(c.wheel_due)) [[likely]]
      return;
    place(c, due);
  }
  void remove(ControlBlock& c) noexcept;

  // With nothing on it, there is nothing to see on the way to `now`.
  void follow(Tick now) noexcept {
    if (is_empty()) current_ = now;
  }
  // The next connection whose slot has come, taken off the wheel; `none`: no more until `now`.
  Index next(Tick now) noexcept;
  // When next() may have something: never too late, and at most a look too early.
  std::optional<Tick> next_due() const noexcept {
    return is_empty() ? std::nullopt : std::optional{soonest_};
  }
  bool is_due(Tick now) const noexcept { return !is_empty() && has_come(soonest_, now); }

 private:
  bool is_empty() const noexcept {
    return (occupied_[0] | occupied_[1] | occupied_[2] | occupied_[3]) == 0;
  }
  static constexpr unsigned levels = 4;
  static constexpr unsigned slots = 64;
  static constexpr unsigned shift = 6;

  void place(ControlBlock& c, Tick due) noexcept;
  void insert(ControlBlock& c) noexcept;
  void cascade() noexcept;
  std::optional<std::uint32_t> ticks_to_next() const noexcept;

  ControlBlock* connections_;
  Tick soonest_{};  // no slot begins before; right only while anything is on it
  Tick current_{};  // everything up to here has been seen to
  std::array<std::uint64_t, levels> occupied_{};  // a bit a slot
  std::array<std::array<Index, slots>, levels> heads_;
};

}  // namespace arrakis::extaris::tcp
