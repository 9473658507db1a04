#include "extaris/tcp/timeouts.h"

#include <algorithm>

#include "extaris/tcp/limits.h"
#include "extaris/tcp/loss.h"
#include "extaris/tcp/segment_arrives.h"
#include "extaris/tcp/timers.h"
#include "extaris/tcp/transmit.h"

namespace arrakis::extaris::tcp {
namespace {

void arm_retransmission(ControlBlock& c, Tick now) {
  arm(c, SenderTimer::retransmit, now + current_rto(c));
}

rte_mbuf* last_sent(const ControlBlock& c) {
  rte_mbuf* last = nullptr;
  for (rte_mbuf* m = c.sent.first(); m != nullptr && m != c.unsent; m = c.sent.after(m))
    if ((notes_of(m).fate & fate::sacked) == 0) last = m;
  return last;
}

// RFC 9293, 3.8.3 (R2) and RFC 5482.
bool is_hopeless(const ControlBlock& c, Tick now) {
  if (c.user_timeout_ms != 0) return now - c.first_unanswered >= c.user_timeout_ms;
  switch (c.state) {
    case State::syn_sent: return c.backoff >= limits::syn_retransmissions_max;
    case State::syn_received: return c.backoff >= limits::syn_ack_retransmissions_max;
    default: return c.backoff >= limits::retransmissions_max;
  }
}

// RFC 5482: the end comes when it was asked for, not at the next retransmission.
void keep_user_timeout(ControlBlock& c) {
  const Tick end = c.first_unanswered + c.user_timeout_ms;
  if (c.user_timeout_ms != 0 && end.before(c.sender_due)) c.sender_due = end;
}

void time_out(ControlBlock& c, const Context& context) {
  ++context.counters.timeouts;
  give_up(c, c.has_soft_error ? Ending::unreachable : Ending::timed_out);
}

// RFC 6298, 5.4 to 5.7; RFC 5681, 3.1; RFC 6675, 5.1: whatever is not sacked counts as lost.
void start_over(ControlBlock& c, const Context& context) {
  // A segment that was sent again already has had its effect on the threshold.
  rte_mbuf* first = c.sent.first();
  const bool is_new = first == nullptr || first == c.unsent || notes_of(first).transmissions == 1;
  if (is_new && !(c.loss.in_recovery && !c.loss.after_timeout)) {
    prepare_undo(c, context);
    c.ssthresh = threshold_after_congestion(c, context.now.at, false);
  }
  collapse_window(c, context.now.at);
  mark_all_lost(c);
  c.loss.in_recovery = true;
  c.loss.after_timeout = true;
  c.loss.probe_outstanding = false;
  c.loss.duplicate_acks = 0;
  c.loss.point = c.snd_nxt;
  c.mark(exceptional::recovery | exceptional::scoreboard);
}

// RFC 4821, 7.7: full segments vanish without a word, so perhaps smaller ones do not.
void suspect_black_hole(ControlBlock& c, const Context& context) {
  const std::uint16_t small =
      c.remote_address.is_v4() ? limits::default_mss_v4 : limits::default_mss_v6;
  rte_mbuf* first = c.sent.first();
  if (first == nullptr || first == c.unsent || notes_of(first).bytes <= small) return;
  if (notes_of(first).transmissions != limits::black_hole_timeouts) return;
  ++context.counters.black_holes;
  c.mss = small;
}

void retransmit(ControlBlock& c, Emitter& out, const Context& context) {
  if (is_hopeless(c, context.now.tick)) return time_out(c, context);
  ++context.counters.retransmission_timeouts;
  c.path_epoch = 0;  // whoever does not answer may have moved
  if (c.state == State::syn_sent || c.state == State::syn_received) {
    ++c.backoff;
    ++context.counters.retransmitted;
    ++c.retransmitted_segments;
    out.send_syn(c, c.state == State::syn_sent ? tcp_flag::syn : tcp_flag::syn | tcp_flag::ack);
  } else {
    start_over(c, context);
    ++c.backoff;
    suspect_black_hole(c, context);
    rte_mbuf* first = c.sent.first();
    if (first != nullptr && first != c.unsent) {
      (void)retransmit_one(c, first, out, context);
    } else if (c.has(flag::fin_sent)) {
      ++context.counters.retransmitted;
      (void)out.send_bare(c, c.snd_nxt - 1, tcp_flag::fin | tcp_flag::ack);
    }
  }
  arm(c, SenderTimer::retransmit, context.now.tick + current_rto(c));
  keep_user_timeout(c);
}

// RFC 9293, 3.8.6.1: one byte of what waits, though the window is closed. The answer tells what the
// window is. A peer that answers is alive, and probed for ever (RFC 1122, 4.2.2.17).
void probe_window(ControlBlock& c, Emitter& out, const Context& context) {
  if (c.backoff < 16) ++c.backoff;
  if (c.probes_unanswered++ >= limits::retransmissions_max) return time_out(c, context);
  ++context.counters.window_probes;
  const Duration wait{
      std::min(c.rtt.timeout().ns << std::min<unsigned>(c.backoff, 16), limits::persist_max.ns)};
  if (c.user_timeout_ms != 0 && context.now.tick - c.first_unanswered >= c.user_timeout_ms)
    return time_out(c, context);
  if (!c.has(flag::held) && c.backoff >= limits::retransmissions_max) return time_out(c, context);
  // RFC 9293, 3.8.6.2.1: what fits goes after all, however little it is.
  const Seq edge = c.snd_una + c.snd_wnd;
  const std::uint32_t room = edge.after(c.snd_nxt) ? edge - c.snd_nxt : 0;
  if (room > 0 && c.unsent != nullptr) {
    const bool fits = notes_of(c.unsent).bytes <= room || split(c, c.unsent, room, out);
    if (fits && send_unsent(c, out, context)) return arm_retransmission(c, context.now.tick);
  }
  if (out.send_window_probe(c)) c.is_probed = true;
  c.mark(exceptional::window_shut);
  arm(c, SenderTimer::persist, context.now.tick + wait);
  keep_user_timeout(c);
}

// RFC 8985, 7.3: one segment, so that the end of a flight is acknowledged like its middle.
void probe_for_loss(ControlBlock& c, Emitter& out, const Context& context) {
  rte_mbuf* probe = c.unsent;
  const Seq edge = c.snd_una + c.snd_wnd;
  const bool is_new = probe != nullptr && end_of(probe).not_after(edge);
  if (!is_new) probe = last_sent(c);
  if (probe == nullptr || !out.has_room()) return arm_retransmission(c, context.now.tick);
  ++context.counters.loss_probes;
  if (is_new)
    (void)send_unsent(c, out, context);
  else
    (void)retransmit_one(c, probe, out, context);
  c.loss.probe_outstanding = true;
  c.loss.probe_was_retransmission = !is_new;
  c.loss.probe_end = c.snd_nxt;
  c.mark(exceptional::scoreboard);
  arm_retransmission(c, context.now.tick);
}

// RFC 8985, 6.3: what was late is lost.
void give_up_waiting(ControlBlock& c, const Context& context) {
  disarm(c);
  if (detect_losses(c, context)) {
    enter_recovery(c, context);
    c.set(flag::send_now);
  }
  if (c.sender_timer == SenderTimer::idle) arm_retransmission(c, context.now.tick);
}

void run_sender_timer(ControlBlock& c, Emitter& out, const Context& context) {
  switch (c.sender_timer) {
    case SenderTimer::idle: return;
    case SenderTimer::retransmit: return retransmit(c, out, context);
    case SenderTimer::loss_probe: return probe_for_loss(c, out, context);
    case SenderTimer::reorder: return give_up_waiting(c, context);
    case SenderTimer::persist: return probe_window(c, out, context);
  }
}

// RFC 9293, 3.8.4; RFC 1122, 4.2.3.6
void keep_alive(ControlBlock& c, Emitter& out, const Context& context) {
  const std::uint32_t silent = context.now.tick - c.last_received;
  if (silent < c.keepalive_idle_ms) {
    c.keepalives_sent = 0;
    c.life_due = c.last_received + c.keepalive_idle_ms;
    return;
  }
  if (c.keepalives_sent >= c.keepalive_probes) return time_out(c, context);
  ++c.keepalives_sent;
  ++context.counters.keepalive_probes;
  (void)out.send_bare(c, c.snd_una - 1, tcp_flag::ack);
  c.life_due = context.now.tick + c.keepalive_interval_ms;
}

void run_life_timer(ControlBlock& c, Emitter& out, const Context& context) {
  switch (c.life_timer) {
    case LifeTimer::idle: return;
    case LifeTimer::keepalive: return keep_alive(c, out, context);
    case LifeTimer::linger:
      (void)out.send_bare(c, c.snd_nxt, tcp_flag::rst | tcp_flag::ack);
      return time_out(c, context);
    case LifeTimer::fin_wait_2:
    case LifeTimer::time_wait: return give_up(c, Ending::none);
  }
}

}  // namespace

// RFC 8985, 7.2: the probe comes before the timeout when the flight is longer than one segment; of
// a single one the ACK may be delayed for as long as the timeout.
void rearm_sender(ControlBlock& c, Tick now) noexcept {
  arm(c, SenderTimer::retransmit, now + current_rto(c));
  schedule_probe(c, now);
}

void schedule_probe(ControlBlock& c, Tick now) noexcept {
  const std::uint8_t busy = exceptional::scoreboard | exceptional::recovery;
  const bool may_probe = c.has(flag::sack) && (c.exceptional & busy) == 0 && c.flight() > c.mss &&
                         c.rtt.is_known() && c.backoff == 0;
  if (!may_probe) return;
  const Tick due = now + Duration::microseconds(2 * std::int64_t{c.rtt.srtt_us()});
  if (c.sender_timer == SenderTimer::loss_probe || due.before(c.sender_due))
    arm(c, SenderTimer::loss_probe, due);
}

void run_timers(ControlBlock& c, Emitter& out, const Context& context) noexcept {
  const Tick now = context.now.tick;
  if (c.has(flag::ack_delayed) && has_come(ack_due(c, now), now)) {
    ++context.counters.acks_delayed;
    c.clear(flag::ack_delayed);
    c.set(flag::ack_now);
  }
  if (c.sender_timer != SenderTimer::idle && has_come(c.sender_due, now))
    run_sender_timer(c, out, context);
  if (c.state == State::closed) return;
  if (c.life_timer != LifeTimer::idle && has_come(c.life_due, now)) run_life_timer(c, out, context);
}

}  // namespace arrakis::extaris::tcp
