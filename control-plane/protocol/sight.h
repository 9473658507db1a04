// sight.h: what an application writes into shared memory when somebody looks: pages of sockets or
// counters, and a ring of captured frames (capture_ring.h). The formats between libarrakis, which
// writes, and arrakisctl, which reads; arrakisd passes descriptors of the memory only.
//
// Numbers are little-endian and of fixed width. Readers (sight_reader.h) believe none of them.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace arrakis::sight {

static_assert(std::endian::native == std::endian::little, "the formats are the machine's own");

inline constexpr std::uint32_t page_magic = 0x5041'5241;  // "ARAP"
inline constexpr std::uint16_t format_version = 1;        // raised when old readers misunderstand
inline constexpr std::size_t page_bytes = 256 * 1024;     // of the memory of a Snapshot

enum class PageKind : std::uint8_t { sockets = 1, counters = 2 };

struct PageHeader {
  std::uint32_t magic;
  std::uint16_t version;
  PageKind kind;
  std::uint8_t is_last;
  std::uint32_t records;       // behind this header, without gaps
  std::uint32_t record_bytes;  // of one
  std::uint64_t next_cursor;   // where the next page begins, unless this is the last
  std::uint64_t reserved;
};
static_assert(sizeof(PageHeader) == 32);

enum class Protocol : std::uint8_t { tcp = 6, udp = 17 };  // IANA

enum class SocketState : std::uint8_t {
  closed,
  syn_sent,
  syn_received,
  established,
  fin_wait_1,
  fin_wait_2,
  close_wait,
  closing,
  last_ack,
  time_wait,
  listen,
  unconnected,  // UDP
  count
};

enum class Congestion : std::uint8_t { none, cubic, new_reno, dctcp, count };

enum class Timer : std::uint8_t {
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
  count
};

// Bits of SocketRecord::options.
namespace option {
inline constexpr std::uint8_t timestamps = 1, sack = 2, ecn = 4;
}

struct SocketRecord {
  Protocol protocol;
  SocketState state;
  Congestion congestion;
  Timer timer;
  std::uint16_t local_port;
  std::uint16_t remote_port;                   // 0: none
  std::array<std::uint8_t, 16> local_address;  // IPv4 in its mapped form; all 0: any
  std::array<std::uint8_t, 16> remote_address;
  std::uint32_t receive_queue;  // TCP: bytes; a listener: connections; UDP: datagrams
  std::uint32_t send_queue;     // TCP: bytes; a listener: its backlog
  std::uint8_t options;
  std::uint8_t backoff;
  std::uint8_t send_scale;
  std::uint8_t receive_scale;
  std::uint32_t timer_ms;
  std::uint32_t rtt_us;
  std::uint32_t rttvar_us;
  std::uint32_t rto_ms;
  std::uint32_t cwnd_bytes;
  std::uint32_t ssthresh_bytes;
  std::uint32_t mss_bytes;
  std::uint32_t unacknowledged_bytes;
  std::uint32_t retransmitted_segments;
  std::uint32_t peer_window_bytes;
  std::uint32_t receive_window_bytes;
  // Of this release modulo 2^32, as sequence numbers count them.
  std::uint64_t acknowledged_bytes;
  std::uint64_t received_bytes;
};
static_assert(sizeof(SocketRecord) == 112 && offsetof(SocketRecord, acknowledged_bytes) == 96);

inline constexpr std::size_t sockets_a_page =
    (page_bytes - sizeof(PageHeader)) / sizeof(SocketRecord);

// A page of counters is their values (std::uint64_t) in the order of counter_table.h.

}  // namespace arrakis::sight
