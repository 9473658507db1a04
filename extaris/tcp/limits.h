// limits.h: every limit and constant of TCP, with its source. Past a limit the behaviour is defined
// and counted (counters.h).
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/instant.h"

namespace arrakis::extaris::tcp::limits {

// Connections in all are a matter of configuration (StackConfig::tcp).
inline constexpr std::size_t listeners_max = 1024;
inline constexpr std::size_t backlog_max = 4096;      // accepted by us, not yet by the application
inline constexpr std::size_t half_open_max = 1024;    // past it: SYN cookies (RFC 4987, 3.6)
inline constexpr std::size_t time_wait_max = 16'384;  // past it: the oldest ends early

// RFC 7413: as many handshakes of which the text is taken already; past it: as without
// (4.2.2, 5.1).
inline constexpr std::uint32_t fast_open_pending_max = 256;
inline constexpr std::size_t fast_open_peers = 64;  // whose cookies are remembered
inline constexpr std::size_t fast_open_cookie_bytes = 8;

// Buffers: two to the power of these, in bytes.
inline constexpr std::uint8_t receive_buffer_log2 = 18;
inline constexpr std::uint8_t send_buffer_log2 = 18;
inline constexpr std::uint8_t buffer_log2_min = 11;
inline constexpr std::uint8_t buffer_log2_max = 26;
// A packet holds a buffer however few bytes it brings, so packets are bounded as well as bytes.
inline constexpr std::uint16_t received_packets_max = 1024;     // in order, not yet read
inline constexpr std::uint16_t out_of_order_packets_max = 256;  // waiting for a gap to close
// Of the queue's pool, one part in so many; below them memory.h says what happens.
inline constexpr std::size_t memory_scarce_part = 4;
inline constexpr std::size_t memory_reserved_part = 8;
inline constexpr std::size_t memory_exhausted_part = 32;
inline constexpr std::uint16_t scarce_packets_max = 4;  // in each queue of a connection
inline constexpr std::uint16_t reserved_packets_max = 1;
inline constexpr std::size_t memory_look_part = 16;  // of it taken before it is looked at again

inline constexpr std::uint16_t default_mss_v4 = 536;          // RFC 9293, 3.7.1
inline constexpr std::uint16_t default_mss_v6 = 1220;         // RFC 9293, 3.7.1
inline constexpr std::uint16_t least_mss = 64;                // a peer that asks for less gets this
inline constexpr std::uint32_t initial_window_segments = 10;  // RFC 6928
inline constexpr std::uint32_t initial_window_bytes = 14'600;  // RFC 6928
inline constexpr std::uint32_t congestion_window_max = 1u << 30;

inline constexpr Duration rto_initial = Duration::seconds(1);         // RFC 6298, 2.1
inline constexpr Duration rto_after_lost_syn = Duration::seconds(3);  // RFC 6298, 5.7
// RFC 6298, 2.4 says one second and allows less; 200 ms is Linux's and FreeBSD's practice.
inline constexpr Duration rto_min = Duration::milliseconds(200);
inline constexpr Duration rto_max = Duration::seconds(60);  // RFC 6298, 2.5
inline constexpr std::uint8_t backoff_kept_max = 6;         // once anything is acknowledged
inline constexpr std::uint8_t retransmissions_max = 15;     // RFC 9293, 3.8.3: R2, over 100 s
inline constexpr std::uint8_t black_hole_timeouts = 3;      // in a row: RFC 4821, 7.7
inline constexpr std::uint8_t syn_retransmissions_max = 6;  // 127 s in all
inline constexpr std::uint8_t syn_ack_retransmissions_max = 5;

inline constexpr Duration delayed_ack = Duration::milliseconds(40);  // RFC 9293, 3.8.6.3: <= 500 ms
// RFC 9293, 3.4.2 says two minutes; TIME-WAIT of 60 s in all is Linux's practice.
inline constexpr Duration maximum_segment_lifetime = Duration::seconds(30);
inline constexpr Duration fin_wait_2 = Duration::seconds(60);  // of a connection nobody holds
inline constexpr Duration persist_min = rto_min;
inline constexpr Duration persist_max = Duration::seconds(60);

inline constexpr Duration keepalive_idle = Duration::seconds(7200);  // RFC 9293, 3.8.4
inline constexpr Duration keepalive_interval = Duration::seconds(75);
inline constexpr std::uint8_t keepalive_probes = 9;

// RFC 5961, 7: of one connection, and of all, so that no one can tell by the second how many others
// cause.
inline constexpr std::uint8_t challenge_acks_max = 10;
inline constexpr Duration challenge_acks_period = Duration::seconds(5);
inline constexpr std::uint32_t challenge_acks_per_second = 1000;
inline constexpr std::uint8_t paws_days = 24;  // RFC 7323, 5.5: longer idle, any timestamp is new

}  // namespace arrakis::extaris::tcp::limits
