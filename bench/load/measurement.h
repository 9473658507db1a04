// measurement.h: one case of a figure, and what came out of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/instant.h"
#include "bench/lib/echo_protocol.h"
#include "bench/lib/histogram.h"

namespace arrakis::bench {

struct Case {
  std::size_t bytes = 64;       // UDP payload
  std::size_t outstanding = 1;  // closed loop: requests on their way at any time
  std::size_t idle = 0;         // TCP: connections beside those with a request on its way
  std::uint64_t rate = 0;       // open loop: requests a second; 0: closed loop
  std::uint32_t work_us = 0;    // asked of the server for each request

  bool is_open() const { return rate != 0; }
  // Of TCP. With idle ones among them each request goes to another one than the last.
  std::size_t connections() const { return outstanding + idle; }
};
inline constexpr std::size_t outstanding_max = std::size_t{1} << 20;

// "64x8" is 64 bytes, 8 outstanding; "64x8/1000": on 1,000 TCP connections; "1024@50000" is 1,024
// bytes, 50,000 a second; "+16" behind any: 16 us of work a request.
Outcome<Case> parse_case(std::string_view text);

struct Timing {
  Duration warm_up = Duration::milliseconds(50);
  Duration measured = Duration::seconds(1);
  Duration loss_timeout = Duration::milliseconds(100);
};

struct Measurement {
  std::unique_ptr<Histogram> latency_ns = std::make_unique<Histogram>();
  Duration measured;
  std::uint64_t sent = 0;     // all three: from the first to the last request, warm-up included
  std::uint64_t lost = 0;     // no answer within the time-out
  std::uint64_t unasked = 0;  // answers to nothing: twice, too late, or not ours
  std::optional<ServerCounters> server;  // nothing: a server that only echoes
  // How much of the time between the two questions for `server` each side had a core. A generator
  // spins: below 1 it was starved by somebody else, and the measurement is worth less.
  double generator_core = 0, server_core = 0;

  double throughput() const {
    return measured.ns == 0
               ? 0
               : static_cast<double>(latency_ns->count()) * 1e9 / static_cast<double>(measured.ns);
  }
};

// One line of JSON, without its end.
std::string to_json(const Case& what, const Measurement& measurement);

}  // namespace arrakis::bench
