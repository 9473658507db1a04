#include <algorithm>

#include "extaris/tcp/loss.h"
#include "extaris/tcp/timers.h"

namespace arrakis::extaris::tcp {
namespace {

constexpr std::uint8_t duplicate_threshold = 3;  // RFC 5681, 3.2

std::uint32_t pipe_of(const ControlBlock& c) {
  return c.flight() - std::min(c.flight(), c.loss.sacked_bytes + c.loss.lost_bytes);
}

bool mark_first_lost(ControlBlock& c) {
  rte_mbuf* first = c.sent.first();
  if (first == nullptr || first == c.unsent) return false;
  SegmentNotes& n = notes_of(first);
  if ((n.fate & fate::lost) != 0) return false;
  n.fate |= fate::lost;
  c.loss.lost_bytes += n.bytes;
  c.mark(exceptional::scoreboard);
  return true;
}

// Without SACK (RFC 6582): each duplicate says that one segment, no matter which, has left the
// network; an advance that does not end recovery says that the next one is missing, too.
void count_duplicates(ControlBlock& c, Delivery& delivery, const Context& context) {
  LossState& l = c.loss;
  if (delivery.is_advance) {
    // All but the segment that was missing had been counted by their duplicates.
    const std::uint32_t counted =
        std::min(l.sacked_bytes, delivery.bytes > c.mss ? delivery.bytes - c.mss : 0);
    l.sacked_bytes = std::min(l.sacked_bytes - counted, c.flight());
    delivery.bytes -= counted;
    l.duplicate_acks = 0;
    if (l.in_recovery && !l.after_timeout && c.snd_una.before(l.point)) mark_first_lost(c);
    return;
  }
  if (!delivery.is_duplicate) return;
  if (l.duplicate_acks < 255) ++l.duplicate_acks;
  l.sacked_bytes = std::min(l.sacked_bytes + c.mss, c.flight());
  delivery.bytes += c.mss;
  c.mark(exceptional::scoreboard);
  if (l.duplicate_acks == duplicate_threshold && !l.in_recovery && mark_first_lost(c))
    enter_recovery(c, context);
}

// RFC 6937, 3.1, with the slow-start reduction bound.
void reduce_proportionally(ControlBlock& c, const Delivery& delivery) {
  LossState& l = c.loss;
  l.prr_delivered += delivery.bytes;
  const std::uint32_t pipe = pipe_of(c);
  std::uint32_t send = 0;
  if (pipe > c.ssthresh) {
    const std::uint64_t share =
        (std::uint64_t{l.prr_delivered} * c.ssthresh + l.recover_flight - 1) /
        std::max(l.recover_flight, 1u);
    send = share > l.prr_out ? static_cast<std::uint32_t>(share) - l.prr_out : 0;
  } else {
    const std::uint32_t behind = l.prr_delivered > l.prr_out ? l.prr_delivered - l.prr_out : 0;
    const std::uint32_t limit =
        delivery.is_advance ? std::max(behind, delivery.bytes) + c.mss : behind;
    send = std::min(c.ssthresh - pipe, limit);
  }
  if (l.prr_out == 0) send = std::max<std::uint32_t>(send, c.mss);  // the first retransmission
  c.cwnd = pipe + send;
}

void leave_recovery(ControlBlock& c) {
  LossState& l = c.loss;
  l.may_undo = false;
  if (!l.after_timeout) c.cwnd = std::max<std::uint32_t>(c.ssthresh, c.mss);
  l.in_recovery = l.after_timeout = false;
  l.duplicate_acks = 0;
  c.unmark(exceptional::recovery);
}

// RFC 8985, 7.4: whether the probe has repaired a loss, which is congestion like any other.
void judge_probe(ControlBlock& c, const Delivery& delivery, const Context& context) {
  LossState& l = c.loss;
  if (!l.probe_outstanding) return;
  if (delivery.has_dsack) {  // both the probe and what it repeated have arrived
    l.probe_outstanding = false;
    return;
  }
  if (c.snd_una.before(l.probe_end)) return;
  l.probe_outstanding = false;
  if (!l.probe_was_retransmission || l.in_recovery || c.snd_una == l.probe_end) return;
  c.ssthresh = threshold_after_congestion(c, context.now.at, false);
  c.cwnd = std::min(c.cwnd, c.ssthresh);
}

// Whether the acknowledgment is of what was sent first, so that nothing had to be sent again: its
// timestamp is older than any retransmission (RFC 3522), or it covers what was never sent again
// (RFC 5682; without SACK that says nothing).
bool was_spurious(const ControlBlock& c, const Delivery& delivery, const Segment& s) {
  if (!c.loss.may_undo) return false;
  if (c.loss.original_arrived && c.has(flag::sack)) return true;
  return delivery.is_advance && s.is_stamped && c.has(flag::timestamps) &&
         static_cast<std::int32_t>(s.timestamps.echo - c.loss.undo_stamp) < 0;
}

// RFC 4015: as if nothing had happened.
void undo(ControlBlock& c, const Context& context) {
  ++context.counters.recoveries_undone;
  c.cwnd = std::max(c.cwnd, c.loss.undo_cwnd);
  c.ssthresh = std::max(c.ssthresh, c.loss.undo_ssthresh);
  mark_none_lost(c);
  // What was delivered is not what was sent last, so it says nothing of what was sent before that.
  c.loss.rack_sent_at = Instant{};
  c.loss.rack_rtt_us = 0;
  c.loss.after_timeout = true;  // the window is what it should be
  leave_recovery(c);
}

}  // namespace

void prepare_undo(ControlBlock& c, const Context& context) noexcept {
  LossState& l = c.loss;
  l.may_undo = true;
  l.original_arrived = false;
  l.undo_stamp = context.now.tick.ms + c.ts_offset;
  l.undo_cwnd = c.cwnd;
  l.undo_ssthresh = c.ssthresh;
}

void enter_recovery(ControlBlock& c, const Context& context) noexcept {
  LossState& l = c.loss;
  if (l.in_recovery) return;
  ++context.counters.fast_recoveries;
  l.in_recovery = true;
  l.after_timeout = false;
  l.probe_outstanding = false;
  l.point = c.snd_nxt;
  l.recover_flight = c.flight();
  l.prr_delivered = l.prr_out = 0;
  prepare_undo(c, context);
  c.ssthresh = threshold_after_congestion(c, context.now.at, false);
  c.mark(exceptional::recovery | exceptional::scoreboard);
  c.must_say_cwr = c.has(flag::ecn);
}

void recover(ControlBlock& c, const Segment& s, Delivery delivery,
             const Context& context) noexcept {
  LossState& l = c.loss;
  const std::uint8_t interesting = exceptional::scoreboard | exceptional::recovery;
  if ((c.exceptional & interesting) == 0 && !delivery.is_duplicate) return;
  judge_probe(c, delivery, context);
  if (l.in_recovery && was_spurious(c, delivery, s)) undo(c, context);
  if (delivery.is_advance) l.may_undo = false;  // what was sent again may have arrived
  if (l.in_recovery && c.snd_una.not_before(l.point)) leave_recovery(c);
  if (!c.has(flag::sack) && c.snd_una == c.snd_nxt) l.sacked_bytes = 0;
  if (!c.has(flag::sack))
    count_duplicates(c, delivery, context);
  else if (detect_losses(c, context) && !l.in_recovery)
    enter_recovery(c, context);
  if (l.in_recovery && !l.after_timeout) reduce_proportionally(c, delivery);
  if (l.lost_bytes > 0 || l.in_recovery || l.sacked_bytes > 0) c.set(flag::send_now);
  if (!l.in_recovery && l.lost_bytes == 0 && l.sacked_bytes == 0 && !l.probe_outstanding)
    c.unmark(exceptional::scoreboard);
}

}  // namespace arrakis::extaris::tcp
