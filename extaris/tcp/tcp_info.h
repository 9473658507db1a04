// tcp_info.h: what `ss -ti` shows of a connection.
#pragma once

#include <cstdint>
#include <string_view>

#include "extaris/tcp/congestion_control.h"

namespace arrakis::extaris {

// The timer that is due next.
enum class TcpTimer : std::uint8_t {
  none,
  retransmit,
  loss_probe,
  reorder,
  persist,
  delayed_ack,
  keepalive,
  linger,
  fin_wait_2,
  time_wait,
};

struct TcpInfo {
  std::string_view state;
  std::string_view congestion_control;
  std::uint8_t state_number;  // of tcp::State
  tcp::CongestionControl congestion;
  TcpTimer timer;
  std::uint8_t backoff;  // of the retransmission or persist timer: doublings
  std::uint8_t send_scale;
  std::uint8_t receive_scale;
  bool timestamps, sack, ecn;  // negotiated
  std::uint32_t timer_ms;      // until then
  std::uint32_t unsent_bytes;
  std::uint32_t unacknowledged_bytes;
  std::uint32_t unread_bytes;
  std::uint32_t congestion_window_bytes;
  std::uint32_t slow_start_threshold_bytes;
  std::uint32_t peer_window_bytes;
  std::uint32_t receive_window_bytes;
  std::uint32_t round_trip_us;
  std::uint32_t round_trip_variation_us;
  std::uint32_t retransmission_timeout_ms;
  std::uint32_t segment_bytes;  // MSS
  std::uint32_t retransmitted_segments;
  // Of text, modulo 2^32, as sequence numbers count it.
  std::uint32_t acknowledged_bytes;
  std::uint32_t received_bytes;
};

}  // namespace arrakis::extaris
