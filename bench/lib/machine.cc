#include "bench/lib/machine.h"

#include <sched.h>
#include <sys/resource.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>

namespace arrakis::bench {
namespace {

std::int64_t read(clockid_t clock) noexcept {
  timespec time{};
  clock_gettime(clock, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

// A signal handler is given nothing: what it says can only stand in a global.
std::atomic<bool> stop{false};
static_assert(std::atomic<bool>::is_always_lock_free);

}  // namespace

Instant now() noexcept { return {read(CLOCK_MONOTONIC)}; }

Duration processor_time() noexcept { return {read(CLOCK_PROCESS_CPUTIME_ID)}; }

double peak_memory_mib() noexcept {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return static_cast<double>(used.ru_maxrss) / 1024;  // KiB
}

Outcome<void> pin_to_core(unsigned core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (core < CPU_SETSIZE) CPU_SET(core, &set);
  if (sched_setaffinity(0, sizeof set, &set) == 0) return {};
  return fail(Error::Code::unavailable,
              "cannot run on core " + std::to_string(core) + ": " + std::strerror(errno),
              "choose a core that `nproc` counts");
}

void spin_for(Duration work) noexcept {
  if (work.ns <= 0) return;
  const Instant end = now() + work;
  while (now() < end) {
  }
}

void catch_stop_signals() {
  struct sigaction action{};
  action.sa_handler = [](int) { stop.store(true, std::memory_order_relaxed); };
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
}

bool stop_requested() noexcept { return stop.load(std::memory_order_relaxed); }

}  // namespace arrakis::bench
