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

namespace arrakis::bench {

class EchoService {
 public:
  explicit EchoService(Duration work = {}) : work_{work} {}

  // Does the work of one request. True: the answer is not the same bytes; write it with answer().
  bool serve(std::span<const std::byte> payload) noexcept {
    const auto request = load<Request>(payload);
    if (request && request->kind == Request::Kind::ask_counters) [[unlikely]]
      return payload.size() >= smallest_payload;
    ++counters_.requests;
    Duration work = work_;
    if (request && request->kind == Request::Kind::echo)
      work = work + Duration{std::min(request->work_ns, work_ns_max)};
    if (work.ns != 0) [[unlikely]]
      spin_for(work);
    worked_long_ = work >= worth_a_flush;
    return false;
  }

  // The answer to the last request should leave at once: those behind it would make it wait for
  // longer than sending it alone costs.
  bool worked_long() const noexcept { return worked_long_; }

  // REQUIRES: serve() said so for this payload.
  void answer(std::span<std::byte> payload) const noexcept {
    auto request = *load<Request>(payload);
    request.kind = Request::Kind::counters;
    store(payload, request);
    store(payload, counters(), sizeof request);
  }

  // For servers that poll: after each turn of the loop. What passed since the turn before is time
  // of work if this turn found any, and idle otherwise.
  void polled(bool found_work) noexcept {
    const Instant current = now();
    if (found_work) counters_.busy_ns += static_cast<std::uint64_t>((current - last_).ns);
    last_ = current;
  }

  ServerCounters counters() const noexcept {
    ServerCounters result = counters_;
    result.processor_ns = static_cast<std::uint64_t>(processor_time().ns);
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

  Duration work_;  // of every request, beside its own
  bool worked_long_ = false;
  ServerCounters counters_;
  Instant last_ = now();
};

}  // namespace arrakis::bench
