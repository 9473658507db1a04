// service.h: what every benchmark server does with a request, whatever brought it in.
//
// Threads: one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <span>

#include "base/instant.h"
#include "bench/lib/echo_protocol.h"
#include "bench/lib/machine.h"
#include "bench/servers/idle_loop.h"

namespace arrakis::bench {

enum class Answer : std::uint8_t { same, counters, none };

// That many instructions, where a turn of the loop is two (decrement, jump). For clocks that count
// them: to read one would be work too.
inline void execute(std::uint64_t instructions) noexcept {
  for (std::uint64_t turns = instructions / 2; turns != 0; --turns) asm volatile("" : "+r"(turns));
}

class EchoService {
 public:
  explicit EchoService(Duration work = {}, bool times_turns = true)
      : work_{work}, times_turns_{times_turns} {}

  // Does the work of one request and says what to answer: the bytes as they are, what answer()
  // makes of them, or nothing.
  Answer serve(std::span<const std::byte> payload) noexcept {
    const auto request = load<Request>(payload);
    if (request && request->kind == Request::Kind::ask_counters) [[unlikely]]
      return payload.size() >= smallest_payload ? Answer::counters : Answer::same;
    ++counters_.requests;
    Duration work = work_;
    if (request && request->kind == Request::Kind::echo)
      work = work + Duration{std::min(request->work_ns, work_ns_max)};
    if (work.ns != 0) [[unlikely]] {
      if (times_turns_)
        spin_for(work);
      else
        execute(static_cast<std::uint64_t>(work.ns));
    }
    worked_long_ = work >= worth_a_flush;
    return request && request->kind == Request::Kind::quiet ? Answer::none : Answer::same;
  }

  // The answer to the last request should leave at once: those behind it would make it wait for
  // longer than sending it alone costs.
  bool worked_long() const noexcept { return worked_long_; }

  // REQUIRES: serve() said Answer::counters for this payload.
  void answer(std::span<std::byte> payload) const noexcept {
    auto request = *load<Request>(payload);
    request.kind = Request::Kind::counters;
    store(payload, request);
    store(payload, counters(), sizeof request);
  }

  // For servers that poll: after each turn of the loop. What passed since the turn before is time
  // of work if this turn found any, and idle otherwise.
  void polled(bool found_work) noexcept {
    if (!found_work) ++counters_.idle_turns;
    if (!times_turns_) return;
    const Instant current = now();
    if (found_work) counters_.busy_ns += static_cast<std::uint64_t>((current - last_).ns);
    last_ = current;
  }

  // For servers that sleep: what runs instead of them. Outlives this.
  void sleep_beside(const IdleLoop& loop) noexcept { idle_loop_ = &loop; }

  ServerCounters counters() const noexcept {
    ServerCounters result = counters_;
    result.processor_ns = static_cast<std::uint64_t>(processor_time().ns);
    result.clock_ns = static_cast<std::uint64_t>(now().ns);
    if (idle_loop_ != nullptr) result.idle_turns = idle_loop_->turns();
    return result;
  }

  // One line of JSON on stdout, the last thing a server says.
  void print() const {
    const ServerCounters c = counters();
    std::printf("{\"requests\": %llu, \"busy_ns\": %llu, \"processor_ns\": %llu}\n",
                static_cast<unsigned long long>(c.requests),
                static_cast<unsigned long long>(c.busy_ns),
                static_cast<unsigned long long>(c.processor_ns));
    std::fflush(stdout);
  }

 private:
  static constexpr Duration worth_a_flush = Duration::microseconds(4);

  Duration work_;     // of every request, beside its own
  bool times_turns_;  // reading the clock is work too
  const IdleLoop* idle_loop_ = nullptr;
  bool worked_long_ = false;
  ServerCounters counters_;
  Instant last_ = now();
};

}  // namespace arrakis::bench
