// service.h: what every benchmark server does with a request, whatever brought it in.
//
// Threads: one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <span>

#include "base/instant.h"
#include "bench/lib/echo_protocol.h"
#include "bench/lib/machine.h"
#include "bench/servers/idle_loop.h"
#include "bench/servers/instructions.h"

namespace arrakis::bench {

enum class Answer : std::uint8_t { same, counters, none, order };

struct Order {
  std::uint32_t count = 0;
  std::uint32_t at_a_time = 1;
};

class EchoService {
 public:
  // What a server's work is told in; with interrupts, where they bring the packets in.
  enum class Counts : std::uint8_t { time, instructions, instructions_and_interrupts };

  explicit EchoService(Duration work = {}, Counts counts = Counts::time) : work_{work} {
    if (counts != Counts::time)
      meter_.emplace(counts == Counts::instructions ? TurnMeter::Interrupts::not_ours
                                                    : TurnMeter::Interrupts::ours);
  }

  // Does the work of one request and says what to answer: the bytes as they are, what answer()
  // makes of them, nothing, or the bytes as often as order_in() says.
  Answer serve(std::span<const std::byte> payload) noexcept {
    const auto request = load<Request>(payload);
    if (request && request->kind == Request::Kind::ask_counters) [[unlikely]]
      return payload.size() >= smallest_payload ? Answer::counters : Answer::same;
    ++counters_.requests;
    if (request && request->kind == Request::Kind::order) [[unlikely]]
      return Answer::order;
    Duration work = work_;
    if (request && request->kind == Request::Kind::echo)
      work = work + Duration{std::min(request->work_ns, work_ns_max)};
    if (work.ns != 0) [[unlikely]] {
      if (meter_)  // to read a clock would be work too
        execute(static_cast<std::uint64_t>(work.ns));
      else
        spin_for(work);
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
    if (payload.size() >= smallest_payload + sizeof(InstructionCounters))
      store(payload, instruction_counters(), smallest_payload);
  }

  // REQUIRES: serve() said Answer::order for this payload.
  static Order order_in(std::span<const std::byte> payload) noexcept {
    const auto request = *load<Request>(payload);
    return {.count = std::min(request.work_ns, order_max),
            .at_a_time = request.sent_ns > 1 ? static_cast<std::uint32_t>(request.sent_ns) : 1};
  }

  // For servers that poll: after each turn of the loop. What passed since the turn before is time
  // of work if this turn found any, and idle otherwise.
  void polled(bool found_work) noexcept {
    if (meter_) return meter_->turned(found_work);
    const Instant current = now();
    if (found_work) counters_.busy_ns += static_cast<std::uint64_t>((current - last_).ns);
    last_ = current;
  }

  // Where instructions of turns are to be told apart. Outlives this.
  void split_by(Layers& layers) noexcept { meter_->split_by(layers); }
  // For servers that sleep where instructions count: what runs instead of them. Outlives this.
  void sleep_beside(const IdleLoop& loop) noexcept { idle_loop_ = &loop; }

  ServerCounters counters() const noexcept {
    ServerCounters result = counters_;
    result.processor_ns = static_cast<std::uint64_t>(processor_time().ns);
    if (meter_) result.busy_ns = meter_->busy();
    if (idle_loop_ != nullptr) result.busy_ns = idle_loop_->spent_elsewhere();
    return result;
  }

  InstructionCounters instruction_counters() const noexcept {
    InstructionCounters result;
    if (meter_) result.ticks = meter_->ticks();
    if (idle_loop_ != nullptr) result.ticks = idle_loop_->ticks();
    if (meter_ && meter_->layers() != nullptr) {
      result.driver = meter_->layers()->in_driver();
      result.stack = meter_->layers()->in_stack();
    }
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

  Duration work_;                   // of every request, beside its own
  std::optional<TurnMeter> meter_;  // nothing: turns are timed
  const IdleLoop* idle_loop_ = nullptr;
  bool worked_long_ = false;
  ServerCounters counters_;
  Instant last_ = now();
};

}  // namespace arrakis::bench
