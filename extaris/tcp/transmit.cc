#include "extaris/tcp/transmit.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "extaris/packet/bytes.h"
#include "extaris/packet/notes.h"
#include "extaris/tcp/limits.h"
#include "extaris/tcp/timers.h"

namespace arrakis::extaris::tcp {
namespace {

enum class Sent : std::uint8_t { yes, no, blocked };

// RFC 6675, 2: what is in the network, as far as we know.
std::uint32_t pipe(const ControlBlock& c) {
  if ((c.exceptional & exceptional::scoreboard) == 0) return c.flight();
  return c.flight() - std::min(c.flight(), c.loss.sacked_bytes + c.loss.lost_bytes);
}

bool is_last(const ControlBlock& c, const rte_mbuf* m) { return m == c.sent.last(); }

// A segment with FIN ends the queue and has the number behind its last byte.
std::uint8_t flags_of(const ControlBlock& c, const rte_mbuf* m) {
  std::uint8_t flags = tcp_flag::ack;
  if (is_last(c, m)) flags |= tcp_flag::psh;  // RFC 9293, 3.9.1.2: the buffer is empty after it
  // In SYN-RECEIVED it waits until the handshake is over (RFC 9293, 3.10.4).
  if (is_last(c, m) && c.has(flag::fin_queued) && c.state != State::syn_received)
    flags |= tcp_flag::fin;
  if (c.has(flag::ece)) flags |= tcp_flag::ece;
  return flags;
}

// Whether the application's last bytes may go although they do not fill a segment: Nagle's
// algorithm (RFC 9293, 3.7.4) with Minshall's reading left out.
bool nagle_holds(const ControlBlock& c, const rte_mbuf* m, std::uint32_t bytes) {
  return bytes < c.mss && is_last(c, m) && c.snd_nxt != c.snd_una && !c.has(flag::no_delay) &&
         !c.has(flag::fin_queued) && c.state != State::syn_received;
}

// How much of a segment the peer's window takes (RFC 9293, 3.8.6.2.1): all of it; or, when only
// a part fits, that part if it is worth a segment of its own.
std::uint32_t fits_window(const ControlBlock& c, std::uint32_t bytes) {
  const Seq edge = c.snd_una + c.snd_wnd;
  const std::uint32_t room = edge.after(c.snd_nxt) ? edge - c.snd_nxt : 0;
  if (room >= bytes) return bytes;
  const std::uint32_t largest = std::max(c.snd_wnd_max, c.snd_wnd);
  const bool is_worth_it = room >= c.mss || (largest > 0 && room >= largest / 2);
  return is_worth_it ? room : 0;
}

Sent send_next(ControlBlock& c, Emitter& out, const Context& context) {
  rte_mbuf* m = c.unsent;
  SegmentNotes& n = notes_of(m);
  if (nagle_holds(c, m, n.bytes)) return Sent::no;
  if (n.bytes > c.mss && !split(c, m, c.mss, out)) return Sent::blocked;
  const std::uint32_t fits = fits_window(c, n.bytes);
  if (fits == 0) return Sent::no;
  const std::uint32_t in_pipe = pipe(c);
  if (in_pipe > 0 && in_pipe + fits > c.cwnd) return Sent::no;
  if (!out.has_room()) return Sent::blocked;
  if (fits < n.bytes && !split(c, m, fits, out)) return Sent::blocked;
  return send_unsent(c, out, context) ? Sent::yes : Sent::blocked;
}

// What was found to be lost goes first (RFC 6675, 5; RFC 6937).
Sent send_lost(ControlBlock& c, Emitter& out, const Context& context) {
  for (rte_mbuf* m = c.sent.first(); m != nullptr && m != c.unsent; m = c.sent.after(m)) {
    if (c.loss.lost_bytes == 0) break;
    if ((notes_of(m).fate & fate::lost) == 0) continue;
    if (pipe(c) > 0 && pipe(c) + notes_of(m).bytes > c.cwnd) return Sent::no;
    if (!out.has_room() || !retransmit_one(c, m, out, context)) return Sent::blocked;
  }
  return Sent::yes;
}

// RFC 5681, 4.1: what the path bore before it was left idle, it need not bear now.
void restart_after_idle(ControlBlock& c, const Now& now) {
  if (c.snd_nxt != c.snd_una || c.unsent == nullptr || c.sender_timer != SenderTimer::idle) return;
  if (!has_come(c.sender_due + limits::rto_min, now.tick)) [[likely]]
    return;
  const std::uint32_t restart = initial_window(c.mss);
  if (c.cwnd <= restart || !has_come(c.sender_due + current_rto(c), now.tick)) return;
  collapse_window(c, now.at);
  c.cwnd = restart;
}

// A FIN that no text carried.
Sent send_fin(ControlBlock& c, Emitter& out) {
  if (!c.has(flag::fin_queued) || c.has(flag::fin_sent) || c.state == State::syn_received)
    return Sent::no;
  if (!out.has_room() || !out.send_bare(c, c.snd_nxt, tcp_flag::fin | tcp_flag::ack))
    return Sent::blocked;
  c.snd_nxt = c.snd_nxt + 1;
  c.set(flag::fin_sent);
  return Sent::yes;
}

// Nothing is under way and nothing may leave: only a probe can find out that the window has opened
// (RFC 9293, 3.8.6.1).
void watch(ControlBlock& c, const Now& now, bool has_sent) {
  if (c.snd_nxt != c.snd_una) {
    if (c.sender_timer == SenderTimer::idle || c.sender_timer == SenderTimer::persist) {
      c.first_unanswered = now.tick;
      rearm_sender(c, now.tick);
    } else if (has_sent) {
      schedule_probe(c, now.tick);
    }
    return;
  }
  if (c.unsent == nullptr || c.sender_timer != SenderTimer::idle) return;
  c.first_unanswered = now.tick;
  arm(c, SenderTimer::persist, now.tick + std::max(current_rto(c), limits::persist_min));
}

}  // namespace

void update_mss(ControlBlock& c) noexcept {
  const std::uint32_t fixed = c.remote_address.is_v4() ? 40 : 60;
  const std::uint32_t options = c.has(flag::timestamps) ? sizeof(TcpTimestampOption) : 0;
  const std::uint32_t path = c.path_mtu > fixed ? c.path_mtu - fixed : 0;
  const std::uint32_t peer = c.peer_mss != 0 ? c.peer_mss : path;
  c.mss = static_cast<std::uint16_t>(
      std::max<std::uint32_t>(std::min(path, peer), limits::least_mss) - options);
}

bool split(ControlBlock& c, rte_mbuf* m, std::uint32_t bytes, Emitter& out) noexcept {
  if (is_shared(m)) return false;  // a device reads it as it is; again when it is done
  Packet rest = out.allocate();
  if (!rest) return false;
  SegmentNotes& n = notes_of(m);
  const auto rest_bytes = static_cast<std::uint16_t>(n.bytes - bytes);
  if (tailroom(rest) < rest_bytes) return false;
  resize(rest, rest_bytes);
  std::memcpy(extaris::bytes(rest).data(), tail(m, rest_bytes).data(), rest_bytes);
  SegmentNotes& r = notes_of(rest.mbuf());
  r = n;
  r.first = n.first + bytes;
  r.bytes = rest_bytes;
  show_tail(m, n.bytes);
  cut_tail(m, rest_bytes);
  n.bytes = static_cast<std::uint16_t>(bytes);
  c.sent.insert_after(m, std::move(rest));
  return true;
}

bool send_unsent(ControlBlock& c, Emitter& out, const Context& context) noexcept {
  rte_mbuf* m = c.unsent;
  SegmentNotes& n = notes_of(m);
  std::uint8_t flags = flags_of(c, m);
  if (c.has(flag::ecn) && std::exchange(c.must_say_cwr, false)) flags |= tcp_flag::cwr;
  if (!out.send_text(c, m, flags)) return false;
  n.transmissions = 1;
  n.sent_at = context.now.at;
  context.counters.bytes_sent += n.bytes;
  c.snd_nxt = c.snd_nxt + n.bytes;
  if ((c.exceptional & exceptional::window_shut) != 0) [[unlikely]] {
    c.is_probed = false;  // whatever is acknowledged now is part of what was sent
    c.unmark(exceptional::window_shut);
  }
  if ((c.exceptional & exceptional::recovery) != 0) c.loss.prr_out += n.bytes;
  if ((flags & tcp_flag::fin) != 0) {
    c.snd_nxt = c.snd_nxt + 1;
    c.set(flag::fin_sent);
  }
  c.unsent = c.sent.after(m);
  return true;
}

bool retransmit_one(ControlBlock& c, rte_mbuf* m, Emitter& out, const Context& context) noexcept {
  if (notes_of(m).bytes > c.mss && !split(c, m, c.mss, out)) return false;
  SegmentNotes& n = notes_of(m);
  std::uint8_t flags = flags_of(c, m);
  if (!c.has(flag::fin_sent)) flags &= static_cast<std::uint8_t>(~tcp_flag::fin);
  if (!out.send_text(c, m, flags)) return false;
  if ((n.fate & fate::lost) != 0) c.loss.lost_bytes -= n.bytes;
  n.fate = static_cast<std::uint8_t>((n.fate & ~fate::lost) | fate::retransmitted);
  n.sent_at = context.now.at;
  c.loss.prr_out += n.bytes;
  if (n.transmissions < 255) ++n.transmissions;
  ++context.counters.retransmitted;
  ++c.retransmitted_segments;
  return true;
}

bool transmit(ControlBlock& c, Emitter& out, const Context& context) noexcept {
  Sent last = Sent::yes;
  c.clear(flag::send_now);
  // RFC 7413, 4.2.2: an answer need not wait for the end of the handshake.
  const bool is_fast = c.state == State::syn_received && c.fast_opened;
  if ((may_transmit(c.state) || is_fast) && out.find_path(c)) {
    const Seq before = c.snd_nxt;
    restart_after_idle(c, context.now);
    if (c.loss.lost_bytes > 0 && (c.exceptional & exceptional::scoreboard) != 0)
      last = send_lost(c, out, context);
    while (last == Sent::yes && c.unsent != nullptr) last = send_next(c, out, context);
    if (c.unsent == nullptr && last != Sent::blocked && send_fin(c, out) == Sent::blocked)
      last = Sent::blocked;
    watch(c, context.now, c.snd_nxt != before);
  }
  if (c.has(flag::ack_now) && c.state != State::closed && !acknowledge(c, out)) return false;
  return last != Sent::blocked;
}

bool acknowledge(ControlBlock& c, Emitter& out) noexcept {
  if (!out.has_room()) return false;
  std::uint8_t flags = tcp_flag::ack;
  if (c.has(flag::ece)) flags |= tcp_flag::ece;
  return out.send_bare(c, c.snd_nxt, flags);
}

}  // namespace arrakis::extaris::tcp
