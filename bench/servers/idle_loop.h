// idle_loop.h: a thread that runs when nobody else wants the core (SCHED_IDLE) and counts its
// turns.
//
// What a server that sleeps costs, with its interrupts and wake-ups, is all time of the core less
// that of these turns; the core is never halted, so a clock of instructions has no gaps.
//
// Threads: turns() from any. Lifetime: the thread ends with it.
#pragma once

#include <sched.h>

#include <atomic>
#include <cstdint>
#include <thread>

namespace arrakis::bench {

class IdleLoop {
 public:
  IdleLoop() : thread_{[this](const std::stop_token& stop) { run(stop); }} {}
  IdleLoop(const IdleLoop&) = delete;
  IdleLoop& operator=(const IdleLoop&) = delete;

  std::uint64_t turns() const noexcept { return turns_.load(std::memory_order_relaxed); }

 private:
  void run(const std::stop_token& stop) noexcept {
    const sched_param none{};
    sched_setscheduler(0, SCHED_IDLE, &none);
    // One writer: no read-modify-write is needed.
    while (!stop.stop_requested())
      turns_.store(turns_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  std::atomic<std::uint64_t> turns_{0};
  std::jthread thread_;  // last: it uses what stands above
};

}  // namespace arrakis::bench
