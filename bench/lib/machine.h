// machine.h: the clock, the core and the processor time of this process.
#pragma once

#include "base/error.h"
#include "base/instant.h"

namespace arrakis::bench {

// CLOCK_MONOTONIC: one clock for every process of the machine, so two of them may compare instants.
Instant now() noexcept;

// All processor time of this process so far, to the nanosecond: the sum of its threads' run time in
// /proc/self/task/*/schedstat. Contains what interrupts did on top of it.
Duration processor_time() noexcept;

// The most memory that this process ever had (VmHWM).
double peak_memory_mib() noexcept;

// Keeps the calling thread, and those it starts from now on, on one core.
Outcome<void> pin_to_core(unsigned core);

// Does nothing useful for `work`, on the clock.
void spin_for(Duration work) noexcept;

// After this SIGTERM and SIGINT no longer end the process but make stop_requested() true. They
// interrupt a blocking call; one that could start after the signal needs a timeout of its own.
void catch_stop_signals();
bool stop_requested() noexcept;

}  // namespace arrakis::bench
