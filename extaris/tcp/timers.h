// timers.h: arming a connection's timers. What they do when they are due: timeouts.cc.
//
// They are moments in the control block; the layer puts the earliest on the wheel afterwards.
#pragma once

#include <optional>

#include "extaris/tcp/connection.h"
#include "extaris/tcp/limits.h"

namespace arrakis::extaris::tcp {

inline void arm(ControlBlock& c, SenderTimer what, Tick due) noexcept {
  c.sender_timer = what;
  c.sender_due = due;
}
inline void disarm(ControlBlock& c) noexcept { c.sender_timer = SenderTimer::idle; }

inline void stop_timers(ControlBlock& c) noexcept {
  c.sender_timer = SenderTimer::idle;
  c.life_timer = LifeTimer::idle;
  c.clear(flag::ack_delayed | flag::ack_now);
}

// The retransmission timeout with its backoff (RFC 6298, 5.5).
inline Duration current_rto(const ControlBlock& c) noexcept {
  const std::uint8_t shift = c.backoff < 16 ? c.backoff : std::uint8_t{16};
  const Duration rto{c.rtt.timeout().ns << shift};
  return rto < limits::rto_max ? rto : limits::rto_max;
}

// New data has left while the timer was running: a probe may be due before that (RFC 8985, 7.2).
void schedule_probe(ControlBlock& c, Tick now) noexcept;

// Something is under way: the timer that watches over it starts anew.
void rearm_sender(ControlBlock& c, Tick now) noexcept;

inline Tick ack_due(const ControlBlock& c, Tick now) noexcept {
  const auto ahead = static_cast<std::int16_t>(c.ack_due - static_cast<std::uint16_t>(now.ms));
  return {now.ms + static_cast<std::uint32_t>(std::int32_t{ahead})};
}

// The earliest of them; nothing: none runs.
inline std::optional<Tick> earliest_due(const ControlBlock& c, Tick now) noexcept {
  std::optional<Tick> due;
  const auto consider = [&due](Tick t) {
    if (!due || t.before(*due)) due = t;
  };
  if (c.sender_timer != SenderTimer::idle) consider(c.sender_due);
  if (c.has(flag::ack_delayed)) consider(ack_due(c, now));
  if (c.life_timer != LifeTimer::idle) consider(c.life_due);
  return due;
}

}  // namespace arrakis::extaris::tcp
