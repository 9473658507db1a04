// echo_protocol.h: what load generators and benchmark servers say to each other in a UDP payload.
//
// A request is any payload that begins with a Request; the answer is the same payload. How much
// work a request causes stands in the request, so one server serves every case of a figure. A
// request of kind `ask_counters` is answered with the server's counters at that moment: the
// generator asks before and after, and so charges the server's time to exactly its own requests. A
// server that only echoes sends the question back as it was, and that says so. A request of kind
// `quiet` is served and not answered: what receiving alone costs. One of kind `order` is answered
// with as many datagrams as it says: what sending alone costs.
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
    order = 0x41524b2a,
  };
  Kind kind;
  std::uint32_t work_ns;   // of echo: how long the server shall spin; of order: how many to send
  std::uint64_t sequence;  // of the generator, unique among its requests
  std::int64_t sent_ns;    // when it was sent, or was due to be; of order: how many at a time

  bool is_of_counters() const { return kind == Kind::ask_counters || kind == Kind::counters; }
};
static_assert(sizeof(Request) == 24);

// Of a server, since it started.
struct ServerCounters {
  std::uint64_t requests = 0;
  std::uint64_t busy_ns = 0;       // of polls that found work; 0 for a server that blocks
  std::uint64_t processor_ns = 0;  // of the whole process

  friend ServerCounters operator-(const ServerCounters& a, const ServerCounters& b) {
    return {a.requests - b.requests, a.busy_ns - b.busy_ns, a.processor_ns - b.processor_ns};
  }
};

// Behind them where the question leaves room, of servers that count instructions: busy_ns is then
// in instructions too.
struct InstructionCounters {
  std::uint64_t driver = 0, stack = 0;  // of busy_ns; 0 where it was not split
  std::uint64_t ticks = 0;              // of the kernel's timer, in what was counted
};
inline constexpr std::size_t smallest_payload = 64;
static_assert(sizeof(Request) + sizeof(ServerCounters) <= smallest_payload);
inline constexpr std::size_t largest_payload = 1472;      // one Ethernet frame of IPv4
inline constexpr std::uint32_t work_ns_max = 10'000'000;  // a request is no way to stop a server
inline constexpr std::uint32_t order_max = 1024;          // nor to flood a network

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
