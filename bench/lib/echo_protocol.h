// echo_protocol.h: what load generators and benchmark servers say to each other in a UDP payload.
//
// A request is any payload that begins with a Request; the answer is the same payload. How much
// work a request causes stands in the request, so one server serves every case of a figure. A
// request of kind `ask_counters` is answered with the server's counters at that moment: the
// generator asks before and after, and so charges the server's time to exactly its own requests. A
// server that only echoes sends the question back as it was, and that says so. A request of kind
// `quiet` is served and not answered: what receiving alone costs.
//
// Integers are the host's: all of it runs on one machine. Payloads have no alignment; load() and
// store() copy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <type_traits>

namespace arrakis::bench {

struct Request {
  enum class Kind : std::uint32_t {
    echo = 0x41524b45,
    ask_counters = 0x41524b3f,
    counters = 0x41524b21,
    quiet = 0x41524b2e,
  };
  Kind kind;
  std::uint32_t work_ns;   // of echo: how long the server shall spin
  std::uint64_t sequence;  // of the generator, unique among its requests
  std::int64_t sent_ns;    // when it was sent, or was due to be sent; CLOCK_MONOTONIC

  bool is_of_counters() const { return kind == Kind::ask_counters || kind == Kind::counters; }
};
static_assert(sizeof(Request) == 24);

// Of a server, since it started.
struct ServerCounters {
  std::uint64_t requests = 0;
  std::uint64_t busy_ns = 0;       // of polls that found work; 0 for a server that blocks
  std::uint64_t processor_ns = 0;  // of the whole process
  std::uint64_t idle_turns = 0;    // of the loop that runs when there is nothing to do
  std::uint64_t clock_ns = 0;      // CLOCK_MONOTONIC

  friend ServerCounters operator-(const ServerCounters& a, const ServerCounters& b) {
    return {a.requests - b.requests, a.busy_ns - b.busy_ns, a.processor_ns - b.processor_ns,
            a.idle_turns - b.idle_turns, a.clock_ns - b.clock_ns};
  }
};
inline constexpr std::size_t smallest_payload = sizeof(Request) + sizeof(ServerCounters);
inline constexpr std::size_t largest_payload = 1472;      // one Ethernet frame of IPv4
inline constexpr std::uint32_t work_ns_max = 10'000'000;  // a request is no way to stop a server

// Nothing: too short for a T.
template <class T>
  requires std::is_trivially_copyable_v<T>
std::optional<T> load(std::span<const std::byte> payload, std::size_t offset = 0) {
  if (payload.size() < offset + sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, payload.data() + offset, sizeof value);
  return value;
}

// REQUIRES: offset + sizeof(T) <= payload.size().
template <class T>
  requires std::is_trivially_copyable_v<T>
void store(std::span<std::byte> payload, const T& value, std::size_t offset = 0) {
  std::memcpy(payload.data() + offset, &value, sizeof value);
}

}  // namespace arrakis::bench
