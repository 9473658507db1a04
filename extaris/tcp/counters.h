// counters.h: what TCP did, as `netstat -s` tells it. Lost segments are counted under Drop.
#pragma once

#include <cstdint>

namespace arrakis::extaris {

struct TcpCounters {
  std::uint64_t segments_received = 0;
  std::uint64_t segments_sent = 0;
  std::uint64_t fast_path = 0;       // received segments that took it
  std::uint64_t bytes_received = 0;  // in order, each once
  std::uint64_t bytes_sent = 0;      // each once

  std::uint64_t connects = 0;             // attempts
  std::uint64_t accepts = 0;              // established from a listener
  std::uint64_t fast_opens = 0;           // RFC 7413: SYNs that had text
  std::uint64_t fast_opens_accepted = 0;  // ... of a peer's, and it was taken
  std::uint64_t resets_sent = 0;
  std::uint64_t resets_received = 0;
  std::uint64_t timeouts = 0;  // connections given up

  std::uint64_t acks_delayed = 0;  // sent by the delayed-acknowledgment timer
  std::uint64_t challenge_acks = 0;
  std::uint64_t challenge_acks_limited = 0;
  std::uint64_t old_timestamps = 0;  // PAWS
  std::uint64_t no_timestamp = 0;    // though they were negotiated: RFC 7323, 3.2
  std::uint64_t unacceptable = 0;    // outside the window
  std::uint64_t beyond_window = 0;   // bytes cut off: the peer does not know our window
  std::uint64_t out_of_order = 0;
  std::uint64_t duplicate_bytes = 0;

  std::uint64_t retransmitted = 0;  // segments
  std::uint64_t fast_recoveries = 0;
  std::uint64_t loss_probes = 0;
  std::uint64_t retransmission_timeouts = 0;
  std::uint64_t spurious_retransmissions = 0;  // said by DSACK
  std::uint64_t recoveries_undone = 0;         // begun for nothing: RFC 3522, RFC 5682
  std::uint64_t black_holes = 0;               // RFC 4821: segments made smaller on suspicion
  std::uint64_t window_probes = 0;
  std::uint64_t congestion_marks = 0;   // received (RFC 3168)
  std::uint64_t congestion_echoes = 0;  // windows reduced because of them
  std::uint64_t keepalive_probes = 0;

  // Limits that were met.
  std::uint64_t no_connection_left = 0;
  std::uint64_t backlog_full = 0;
  std::uint64_t half_open_full = 0;
  std::uint64_t fast_opens_refused = 0;
  std::uint64_t cookies_sent = 0;
  std::uint64_t cookies_accepted = 0;
  std::uint64_t time_wait_recycled = 0;
  std::uint64_t receive_queue_full = 0;
  std::uint64_t out_of_order_full = 0;
  std::uint64_t memory_refused = 0;  // segments whose text the pool was too empty to keep
};

}  // namespace arrakis::extaris
