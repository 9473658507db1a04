// connection.h: everything that is known of one connection: the control block (RFC 9293, 3.3.1).
//
// The two cache lines in front are all that a request and its response touch when nothing
// extraordinary happens; the rest is for connections that begin, end, lose or wait.
// Trivially destructible: Connections (connections.h) clears the queues when one ends.
#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "base/address.h"
#include "base/instant.h"
#include "base/seq.h"
#include "extaris/ip/send_error.h"
#include "extaris/tcp/congestion.h"
#include "extaris/tcp/flow_table.h"
#include "extaris/tcp/round_trip.h"
#include "extaris/tcp/segment_queue.h"
#include "extaris/tcp/state.h"
#include "extaris/tcp/tcp_event.h"
#include "extaris/tcp/tick.h"
#include "extaris/wire/tcp.h"

namespace arrakis::extaris::tcp {

// The sender's one timer: exactly one of these, or none.
enum class SenderTimer : std::uint8_t {
  idle,
  retransmit,  // RFC 6298
  loss_probe,  // RFC 8985, 7
  reorder,     // RFC 8985, 6.2: what is late may still be only reordered
  persist,     // RFC 9293, 3.8.6.1: the peer's window is closed
};
// The connection's own.
enum class LifeTimer : std::uint8_t { idle, keepalive, linger, fin_wait_2, time_wait };

// Bits of ControlBlock::exceptional: any of them, and header prediction is not asked.
namespace exceptional {
inline constexpr std::uint8_t gaps = 1,  // segments wait out of order
    recovery = 2,                        // after a loss, until all is acknowledged
    scoreboard = 4,                      // something is sacked, or lost, or was sent twice
    urgent = 8,                          // the peer's urgent pointer lies ahead
    window_shut = 16,                    // the peer's window is closed, or nearly so
    congestion_marks = 32,               // ECN is in use
    half_closed = 64;                    // no longer established
}  // namespace exceptional

// Bits of ControlBlock::flags.
namespace flag {
inline constexpr std::uint16_t timestamps = 1, sack = 2, ecn = 4, no_delay = 8,
                               fin_queued = 16,  // the application has nothing more to send
    fin_sent = 32,                               //
    ack_now = 64,                                // owed at the end of this poll
    ack_delayed = 128,                           // owed when the timer says so
    in_todo = 256,                               // stands in line for transmit()
    in_ready = 512,                              // the application is told
    held = 1024,                                 // the application has a handle to it
    wants_room = 2048,                           // a send was refused: tell when there is room
    on_wheel = 4096, keepalive = 8192,
                               ece = 16384,  // RFC 3168, 6.1.3: echo until CWR
    send_now = 32768;                        // there may be something to send
}  // namespace flag

// Why a connection ended before its time.
using Ending = TcpError;

// RFC 6675's and RFC 8985's view of what is under way. Bytes are of segments in the send queue.
struct LossState {
  std::uint32_t sacked_bytes = 0;
  std::uint32_t lost_bytes = 0;           // marked lost, the retransmission not yet sent
  std::uint32_t retransmitted_bytes = 0;  // ... or sent and under way
  std::uint8_t duplicate_acks = 0;
  bool in_recovery = false;
  bool after_timeout = false;      // recovery began with a timeout: slow start applies
  bool reorder_seen = false;       // RFC 8985, 4
  bool probe_outstanding = false;  // TLP: RFC 8985, 7.3
  bool probe_was_retransmission = false;
  Seq echo_point{};  // ECN: what was marked before this is known already
  Seq point{};       // recovery ends when this is acknowledged
  Seq probe_end{};   // TLP.end_seq
  Seq highest_sacked{};
  // What to go back to if recovery turns out to have begun for nothing (RFC 3522, RFC 5682).
  bool may_undo = false;
  bool original_arrived = false;  // what was thought lost, and never sent again, was delivered
  std::uint32_t undo_stamp = 0;   // our timestamps of retransmissions are this or later
  std::uint32_t undo_cwnd = 0;
  std::uint32_t undo_ssthresh = 0;
  // PRR (RFC 6937)
  std::uint32_t prr_delivered = 0;
  std::uint32_t prr_out = 0;
  std::uint32_t recover_flight = 0;  // RecoverFS
  // RACK (RFC 8985, 5.2)
  Instant rack_sent_at{};
  Seq rack_end{};
  std::uint32_t rack_rtt_us = 0;
  std::uint32_t min_rtt_us = 0;
  std::uint8_t reorder_window_mult = 1;
  std::uint8_t reorder_window_persist = 0;
  Seq dsack_round{};
};

inline constexpr std::uint32_t no_linger = UINT32_MAX;

struct alignas(64) ControlBlock {
  // ---- line 0: what a segment is compared with
  IpAddress remote_address;
  std::uint16_t remote_port = 0;
  std::uint16_t local_port = 0;
  std::uint8_t local_address = 0;  // index into the host's addresses
  State state = State::closed;
  std::uint8_t exceptional = extaris::tcp::exceptional::half_closed;
  std::uint8_t shifts = 0;  // of windows (RFC 7323): what we send in the upper four bits
  Seq rcv_nxt{};
  Seq rcv_edge{};  // right edge of the window that the peer knows: RCV.NXT + RCV.WND
  Seq snd_una{};
  Seq snd_nxt{};
  std::uint32_t snd_wnd = 0;  // scaled
  Seq snd_wl1{};              // SEG.SEQ of the last window update; SND.WL2 follows from SND.UNA
  Seq snd_end{};              // behind the last byte the application gave us
  std::uint32_t ts_recent = 0;
  Seq last_ack_sent{};
  std::uint16_t flags = 0;
  std::uint16_t ack_due = 0;  // low half of a Tick, while flag::ack_delayed
  // ---- line 1: queues, and what a segment that leaves is made of
  SegmentQueue sent{};         // and to be sent
  rte_mbuf* unsent = nullptr;  // the first in `sent` that has not left yet
  SegmentQueue received{};     // in order, not yet read
  std::uint32_t cwnd = 0;
  MacAddress mac;
  std::uint16_t mss = 0;         // bytes of payload that fit a segment now
  std::uint32_t ts_offset = 0;   // RFC 7323, 5.4: what we send is the tick and this
  std::uint16_t path_epoch = 0;  // the MAC address and the MSS are right while this is the layer's
  std::uint16_t received_packets = 0;  // not yet read, or lent
  RoundTrip rtt;
  Tick sender_due;  // of the sender's timer; `idle`: since when nothing is under way
  Tick wheel_due;
  SenderTimer sender_timer : 3 = SenderTimer::idle;
  std::uint8_t backoff : 5 = 0;  // of the retransmission or persist timer
  std::uint8_t stamped_day = 0;  // Now::day, when `ts_recent` was
  std::uint8_t receive_log2 = 0;
  std::uint8_t send_log2 = 0;
  // ---- the rest
  Index wheel_next = none;
  Index wheel_previous = none;
  Index id = none;
  std::uint32_t generation = 0;  // of this place: a handle to who was here before is stale
  Index next_free = none;
  std::uint32_t lent_bytes = 0;     // received, in the hands of the application
  std::uint16_t listener = 0xffff;  // whose backlog it goes into
  std::uint8_t wheel_slot = 0;
  Ending ending = Ending::none;
  std::uint8_t news = 0;  // bits of TcpEvent, not yet told
  LifeTimer life_timer = LifeTimer::idle;
  std::uint8_t keepalives_sent = 0;
  std::uint8_t keepalive_probes = 0;  // TCP_KEEPCNT
  std::uint8_t sacks = 0;             // of `sack` that are in use; the newest first (RFC 2018, 4)
  bool is_hidden = false;             // CLOSED, and only its holder knows of it
  bool must_say_cwr = false;          // RFC 3168, 6.1.2
  bool receive_shut = false;          // the application reads no more
  bool fin_is_early = false;          // `fin_seq` lies behind a gap
  bool duplicate_to_tell = false;     // RFC 2883: `duplicate` goes first
  bool fast_open = false;             // RFC 7413: our SYN asks for a cookie, or has one and text
  bool fast_opened = false;           // ... or the peer's had, and the handshake is not over yet
  bool syn_waits = false;             // until what is to be sent with it is known
  bool is_probed = false;  // a window probe may have brought the peer the byte at SND.NXT
  std::uint8_t probes_unanswered = 0;  // of the window, in a row
  std::uint8_t challenges_left = 0;    // until `challenges_until`
  Tick challenges_until;
  Tick life_due;
  Tick last_received;     // for keepalive
  Tick first_unanswered;  // when what the retransmission timer runs for was first sent
  std::uint32_t keepalive_idle_ms = 0;  // 0: off
  std::uint32_t keepalive_interval_ms = 0;
  std::uint32_t user_timeout_ms = 0;  // RFC 5482; 0: retransmissions_max decides
  std::uint32_t linger_ms = no_linger;
  std::uint32_t ssthresh = 0;
  std::uint32_t snd_wnd_max = 0;  // RFC 9293, 3.8.6.2.1: the largest window the peer ever offered
  Seq iss{};
  Seq irs{};
  Seq rcv_up{};
  Seq fin_seq{};  // of the peer's FIN, when it came before what it ends
  std::uint16_t peer_mss = 0;
  std::uint16_t path_mtu = 0;
  std::uint16_t out_of_order_packets = 0;
  std::uint32_t retransmitted_segments = 0;
  SegmentQueue out_of_order{};
  std::array<SackBlock, 4> sack{};
  SackBlock duplicate{};
  LossState loss;
  CongestionState congestion;
  SocketError last_error{};  // a soft error (RFC 9293, 3.9.2.2)
  bool has_soft_error = false;

  bool has(std::uint16_t bits) const noexcept { return (flags & bits) != 0; }
  void set(std::uint16_t bits) noexcept { flags = static_cast<std::uint16_t>(flags | bits); }
  void clear(std::uint16_t bits) noexcept { flags = static_cast<std::uint16_t>(flags & ~bits); }
  void mark(std::uint8_t bits) noexcept {
    exceptional = static_cast<std::uint8_t>(exceptional | bits);
  }
  void unmark(std::uint8_t bits) noexcept {
    exceptional = static_cast<std::uint8_t>(exceptional & ~bits);
  }

  unsigned snd_shift() const noexcept { return shifts & 15u; }
  unsigned rcv_shift() const noexcept { return shifts >> 4u; }
  std::uint32_t receive_buffer() const noexcept { return 1u << receive_log2; }
  std::uint32_t send_buffer() const noexcept { return 1u << send_log2; }
  std::uint32_t rcv_wnd() const noexcept {
    return rcv_edge.after(rcv_nxt) ? rcv_edge - rcv_nxt : 0;
  }
  // Bytes that have arrived in order and were not read.
  std::uint32_t readable() const noexcept {
    return received.empty() ? 0 : end_of(received.last()) - notes_of(received.first()).first;
  }
  // What of the receive buffer is in use.
  std::uint32_t held_bytes() const noexcept { return readable() + lent_bytes; }
  // Sequence numbers sent and not acknowledged, of SYN and FIN too.
  std::uint32_t flight() const noexcept { return snd_nxt - snd_una; }
};
static_assert(offsetof(ControlBlock, sent) == 64 && offsetof(ControlBlock, wheel_next) == 128,
              "what is touched for every segment is two cache lines");
static_assert(sizeof(ControlBlock) <= 512);
static_assert(std::is_trivially_destructible_v<ControlBlock>);

// RFC 7323, 2.2: enough for the whole buffer.
constexpr std::uint8_t scale_for(std::uint8_t buffer_log2) noexcept {
  return buffer_log2 > 15 ? static_cast<std::uint8_t>(buffer_log2 - 15) : std::uint8_t{0};
}

// The one writer of the state.
inline void enter(ControlBlock& c, State to) noexcept {
  assert(may_follow(c.state, to));
  c.state = to;
  if (to == State::established)
    c.unmark(exceptional::half_closed);
  else
    c.mark(exceptional::half_closed);
}

}  // namespace arrakis::extaris::tcp
