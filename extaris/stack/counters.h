// counters.h: what happened to packets. On the data path an error is a counter, never a log line.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "extaris/tcp/counters.h"
#include "extaris/wire/drop.h"

namespace arrakis::extaris {

struct Counters {
  std::uint64_t received_packets = 0;
  std::uint64_t received_bytes = 0;
  std::uint64_t transmitted_packets = 0;
  std::uint64_t transmitted_bytes = 0;
  std::uint64_t delivered_datagrams = 0;  // to sockets
  std::uint64_t reassembled_datagrams = 0;
  std::uint64_t fragmented_datagrams = 0;
  std::uint64_t icmp_errors_sent = 0;
  std::uint64_t icmp_errors_limited = 0;  // not sent: RFC 4443, 2.4 (f)
  TcpCounters tcp;
  std::array<std::uint64_t, static_cast<std::size_t>(Drop::count)> drops{};

  void drop(Drop why) { ++drops[static_cast<std::size_t>(why)]; }
  std::uint64_t dropped(Drop why) const { return drops[static_cast<std::size_t>(why)]; }
};

}  // namespace arrakis::extaris
