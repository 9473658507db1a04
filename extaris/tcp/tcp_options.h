// tcp_options.h: what a TCP connection starts with, under the names of sockets. What may change
// later has a function of TcpConnection. A listener's settings are those of whom it accepts.
#pragma once

#include <cstdint>
#include <optional>

#include "base/address.h"
#include "base/instant.h"
#include "extaris/tcp/congestion_control.h"
#include "extaris/tcp/limits.h"

namespace arrakis::extaris {

// SO_KEEPALIVE (RFC 9293, 3.8.4): whether an idle peer still lives.
struct TcpKeepalive {
  Duration idle = tcp::limits::keepalive_idle;          // TCP_KEEPIDLE
  Duration interval = tcp::limits::keepalive_interval;  // TCP_KEEPINTVL
  std::uint8_t probes = tcp::limits::keepalive_probes;  // TCP_KEEPCNT
};

struct TcpSettings {
  tcp::CongestionControl congestion = tcp::CongestionControl::cubic;  // TCP_CONGESTION
  bool timestamps = true;                                             // RFC 7323
  bool sack = true;                                                   // RFC 2018
  bool ecn = false;       // RFC 3168: asked for; always granted to who asks
  bool no_delay = false;  // TCP_NODELAY: without Nagle's algorithm
  // TCP_FASTOPEN, TCP_FASTOPEN_CONNECT (RFC 7413): what is sent right after connecting goes with
  // the SYN, and may reach the peer's application twice; a listener takes such text before the
  // handshake.
  bool fast_open = false;
  // Two to the power of these, in bytes.
  std::uint8_t receive_buffer_log2 = tcp::limits::receive_buffer_log2;  // SO_RCVBUF
  std::uint8_t send_buffer_log2 = tcp::limits::send_buffer_log2;        // SO_SNDBUF
  // RFC 7323, 2.3: a larger one than the buffer needs leaves it room to grow. Nothing: as it needs.
  std::optional<std::uint8_t> window_scale;
  std::optional<TcpKeepalive> keepalive;  // nothing: off
  // TCP_USER_TIMEOUT (RFC 5482): how long sent data may stay unacknowledged. 0: until the
  // retransmissions are used up (RFC 9293, 3.8.3).
  Duration user_timeout{};
  // SO_LINGER: once the connection is dropped, how long it may take until the peer has acknowledged
  // all that is queued, before it is reset; 0: it is reset at once. Nothing: as while it was held.
  // Dropping never blocks; a program that wants to know waits until is_drained().
  std::optional<Duration> linger;
};

struct TcpListenOptions {
  std::uint32_t backlog = 128;          // connections that wait for accept(); up to 4,096
  std::optional<TcpSettings> settings;  // nothing: the stack's own
};

struct TcpConnectOptions {
  Endpoint local;                       // any: the stack chooses
  std::optional<TcpSettings> settings;  // nothing: the stack's own
};

}  // namespace arrakis::extaris
