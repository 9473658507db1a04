// session.h: a load generator from its command line to its lines of JSON, over any transport.
#pragma once

#include <cstdio>
#include <optional>
#include <string>

#include "bench/lib/complain.h"
#include "bench/lib/machine.h"
#include "bench/lib/progress.h"
#include "bench/load/closed_loop.h"
#include "bench/load/load_options.h"
#include "bench/load/open_loop.h"

namespace arrakis::bench {

struct ServerAnswer {
  std::optional<ServerCounters> counters;  // nothing: it only echoes
};

// Asks until the server answers. Nothing: it did not within `patience`.
template <Transport T>
std::optional<ServerAnswer> ask_counters(T& transport, Duration patience) {
  const Instant start = transport.now();
  const Request question{Request::Kind::ask_counters, 0, static_cast<std::uint64_t>(start.ns),
                         start.ns};
  std::optional<ServerAnswer> answer;
  const auto listen = [&](Instant, std::span<std::byte> payload) {
    const auto heard = load<Request>(payload);
    if (!heard || heard->sequence != question.sequence) return false;
    answer.emplace();
    if (heard->kind == Request::Kind::counters)
      answer->counters = load<ServerCounters>(payload, sizeof(Request));
    return false;
  };
  Instant next_try = start;
  for (Instant now = start; now < start + patience && !answer; now = transport.now()) {
    if (now >= next_try) {
      transport.send(smallest_payload, [&](std::span<std::byte> payload) {
        store(payload, question);
        store(payload, ServerCounters{}, sizeof question);
      });
      next_try = now + Duration::milliseconds(20);
    }
    transport.flush();
    transport.poll(listen);
  }
  return answer;
}

// Questions are repeated until the first is answered; the other answers are nobody's.
template <Transport T>
void discard_late_answers(T& transport) {
  const Instant end = transport.now() + Duration::milliseconds(1);
  while (transport.now() < end) transport.poll([](Instant, std::span<std::byte>) { return false; });
}

template <Transport T>
Outcome<Measurement> measure(T& transport, const Case& what, const Timing& timing, auto&& tick) {
  const auto silent = [] {
    return fail(Error::Code::unavailable, "the server does not answer",
                "is it running, and is there a route to it?");
  };
  const auto before = ask_counters(transport, Duration::seconds(10));
  if (!before) return silent();
  discard_late_answers(transport);
  const Instant start = now();
  const Duration processor_before = processor_time();
  Measurement result = what.is_open() ? OpenLoop{transport, what, timing}.run(tick)
                                      : ClosedLoop{transport, what, timing}.run(tick);
  const auto after = ask_counters(transport, Duration::seconds(10));
  if (!after) return silent();
  const auto elapsed_ns = static_cast<double>((now() - start).ns);
  result.generator_core =
      static_cast<double>((processor_time() - processor_before).ns) / elapsed_ns;
  if (before->counters && after->counters) {
    result.server = *after->counters - *before->counters;
    result.server_core = static_cast<double>(result.server->processor_ns) / elapsed_ns;
  }
  return result;
}

// Every case in turn, a line each as soon as it is known. Returns an exit status.
template <Transport T>
int run_cases(T& transport, const LoadOptions& options) {
  Progress progress;
  const auto cases = static_cast<double>(options.cases.size());
  for (std::size_t i = 0; i < options.cases.size(); ++i) {
    const Case& what = options.cases[i];
    const std::string label = std::to_string(what.bytes) + " B, " +
                              (what.is_open() ? std::to_string(what.rate) + " a second"
                                              : std::to_string(what.outstanding) + " outstanding");
    if constexpr (requires { transport.connect(what); })
      if (const auto open = transport.connect(what); !open) return complain(open.error());
    const auto measured = measure(transport, what, options.timing(), [&](double fraction) {
      progress.show((static_cast<double>(i) + fraction) / cases, label);
    });
    if (!measured) return complain(measured.error());
    std::printf("%s\n", to_json(what, *measured).c_str());
    std::fflush(stdout);
  }
  const Instant end = transport.now() + options.hold();
  while (transport.now() < end) transport.poll([](Instant, std::span<std::byte>) { return false; });
  return 0;
}

}  // namespace arrakis::bench
