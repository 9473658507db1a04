#include <algorithm>

#include "extaris/tcp/loss.h"
#include "extaris/tcp/timers.h"

namespace arrakis::extaris::tcp {
namespace {

constexpr std::uint32_t duplicate_threshold = 3;  // RFC 5681, 3.2; RFC 6675, 2

// RFC 2883, 4: the first block lies below what is acknowledged, or inside the second.
bool tells_of_duplicate(const Segment& s) {
  const auto blocks = s.options->sack_blocks();
  const SackBlock& first = blocks[0];
  if (!first.end.after(s.ack)) return true;
  return blocks.size() > 1 && blocks[1].first.not_after(first.first) &&
         first.end.not_after(blocks[1].end);
}

bool is_possible(const ControlBlock& c, const SackBlock& block) {
  return block.first.before(block.end) && block.end.not_after(c.snd_nxt) &&
         block.end.after(c.snd_una) && block.first.not_before(c.snd_una);
}

void mark_sacked(ControlBlock& c, SegmentNotes& n, Instant now) {
  if ((n.fate & fate::lost) != 0) c.loss.lost_bytes -= n.bytes;
  // RFC 8985, 6.2, step 3: sent before what was sacked already, and only once.
  if ((n.fate & fate::retransmitted) == 0 && (n.first + n.bytes).before(c.loss.highest_sacked))
    c.loss.reorder_seen = true;
  n.fate = static_cast<std::uint8_t>((n.fate & ~fate::lost) | fate::sacked);
  c.loss.sacked_bytes += n.bytes;
  note_original(c, n);
  note_delivered(c, n, now);
}

// RFC 8985, 6.2, step 4
Duration reorder_window(const ControlBlock& c) {
  const LossState& l = c.loss;
  if (!l.reorder_seen && (l.in_recovery || l.sacked_bytes >= duplicate_threshold * c.mss))
    return Duration{};
  const std::int64_t quarter_us = std::int64_t{l.reorder_window_mult} * l.min_rtt_us / 4;
  return Duration::microseconds(std::min<std::int64_t>(quarter_us, c.rtt.srtt_us()));
}

bool was_sent_after(Instant a, Seq a_end, Instant b, Seq b_end) {
  return a > b || (a == b && a_end.after(b_end));
}

}  // namespace

bool take_sack(ControlBlock& c, const Segment& s, const Context& context) noexcept {
  if (!c.has(flag::sack) || s.options == nullptr || s.options->sack_count == 0) return false;
  const bool has_dsack = tells_of_duplicate(s);
  if (has_dsack) ++context.counters.spurious_retransmissions;
  const auto blocks = s.options->sack_blocks();
  for (const SackBlock& block : blocks.subspan(has_dsack ? 1 : 0)) {
    if (!is_possible(c, block)) continue;
    for (rte_mbuf* m = c.sent.first(); m != nullptr && m != c.unsent; m = c.sent.after(m)) {
      SegmentNotes& n = notes_of(m);
      if (n.first.not_before(block.end)) break;
      const bool is_covered = n.first.not_before(block.first) && end_of(m).not_after(block.end);
      if (is_covered && (n.fate & fate::sacked) == 0) mark_sacked(c, n, context.now.at);
    }
    if (c.loss.sacked_bytes > 0 && block.end.after(c.loss.highest_sacked))
      c.loss.highest_sacked = block.end;
    c.mark(exceptional::scoreboard);
  }
  return has_dsack;
}

void note_delivered(ControlBlock& c, const SegmentNotes& n, Instant now) noexcept {
  LossState& l = c.loss;
  const auto rtt_us =
      static_cast<std::uint32_t>(std::max<std::int64_t>((now - n.sent_at).ns / 1'000, 1));
  // It may be the first transmission that has arrived, when the second has hardly left.
  if (n.transmissions > 1 && rtt_us < l.min_rtt_us) return;
  if (n.transmissions == 1 && (l.min_rtt_us == 0 || rtt_us < l.min_rtt_us)) l.min_rtt_us = rtt_us;
  const Seq end = n.first + n.bytes;
  if (!was_sent_after(n.sent_at, end, l.rack_sent_at, l.rack_end)) return;
  l.rack_sent_at = n.sent_at;
  l.rack_end = end;
  l.rack_rtt_us = rtt_us;
}

bool detect_losses(ControlBlock& c, const Context& context) noexcept {
  const LossState& l = c.loss;
  if (l.rack_rtt_us == 0) return false;
  const Duration patience = Duration::microseconds(l.rack_rtt_us) + reorder_window(c);
  Duration longest{};
  bool found = false;
  for (rte_mbuf* m = c.sent.first(); m != nullptr && m != c.unsent; m = c.sent.after(m)) {
    SegmentNotes& n = notes_of(m);
    if ((n.fate & (fate::sacked | fate::lost)) != 0) continue;
    if (!was_sent_after(l.rack_sent_at, l.rack_end, n.sent_at, end_of(m))) continue;
    const Duration left = n.sent_at + patience - context.now.at;
    if (left > Duration{}) {
      longest = std::max(longest, left);
      continue;
    }
    n.fate |= fate::lost;
    c.loss.lost_bytes += n.bytes;
    found = true;
  }
  if (found) c.mark(exceptional::scoreboard);
  if (longest > Duration{}) arm(c, SenderTimer::reorder, context.now.tick + longest);
  return found;
}

void mark_all_lost(ControlBlock& c) noexcept {
  c.loss.lost_bytes = 0;
  if (!c.has(flag::sack)) c.loss.sacked_bytes = 0;
  for (rte_mbuf* m = c.sent.first(); m != nullptr && m != c.unsent; m = c.sent.after(m)) {
    SegmentNotes& n = notes_of(m);
    if ((n.fate & fate::sacked) != 0) continue;
    n.fate |= fate::lost;
    c.loss.lost_bytes += n.bytes;
  }
  c.mark(exceptional::scoreboard);
}

void mark_too_big_lost(ControlBlock& c) noexcept {
  for (rte_mbuf* m = c.sent.first(); m != nullptr && m != c.unsent; m = c.sent.after(m)) {
    SegmentNotes& n = notes_of(m);
    if (n.bytes <= c.mss || (n.fate & (fate::sacked | fate::lost)) != 0) continue;
    n.fate |= fate::lost;
    c.loss.lost_bytes += n.bytes;
    c.mark(exceptional::scoreboard);
  }
}

void mark_none_lost(ControlBlock& c) noexcept {
  for (rte_mbuf* m = c.sent.first(); m != nullptr && m != c.unsent; m = c.sent.after(m))
    notes_of(m).fate = static_cast<std::uint8_t>(notes_of(m).fate & ~fate::lost);
  c.loss.lost_bytes = 0;
}

}  // namespace arrakis::extaris::tcp
