// idle_loop.h: a thread that runs when nobody else wants the core (SCHED_IDLE) and counts what is
// executed between two of its turns: all that a server costs which sleeps, with its interrupts and
// wake-ups.
//
// Threads: spent_elsewhere() from any. Lifetime: the thread ends with it.
#pragma once

#include <sched.h>

#include <atomic>
#include <cstdint>
#include <thread>

#include "bench/servers/instructions.h"

namespace arrakis::bench {

class IdleLoop {
 public:
  IdleLoop() : thread_{[this](const std::stop_token& stop) { run(stop); }} {}
  IdleLoop(const IdleLoop&) = delete;
  IdleLoop& operator=(const IdleLoop&) = delete;

  // Instructions. What goes on counts when it ends.
  std::uint64_t spent_elsewhere() const noexcept {
    return elsewhere_.load(std::memory_order_relaxed);
  }
  // Of the kernel's timer, in them.
  std::uint64_t ticks() const noexcept { return ticks_.load(std::memory_order_relaxed); }

 private:
  void run(const std::stop_token& stop) noexcept {
    const sched_param none{};
    sched_setscheduler(0, SCHED_IDLE, &none);
    IdleTurns turns;
    TickWatch watch;
    watch.looks();
    std::uint64_t last = executed();
    while (!stop.stop_requested()) {
      const std::uint64_t current = executed();
      // One writer: no read-modify-write is needed.
      if (const std::uint64_t added = turns.added_to(current - last); added != 0) {
        elsewhere_.store(spent_elsewhere() + added, std::memory_order_relaxed);
        if (watch.looks()) ticks_.store(ticks() + 1, std::memory_order_relaxed);
        last = executed();
      } else {
        last = current;
      }
    }
  }

  std::atomic<std::uint64_t> elsewhere_{0}, ticks_{0};
  std::jthread thread_;  // last: it uses what stands above
};

}  // namespace arrakis::bench
