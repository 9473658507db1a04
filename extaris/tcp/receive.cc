// Text, urgent data and FIN (RFC 9293, 3.10.7.4, sixth to eighth step), in order and out of order.
#include <algorithm>
#include <variant>

#include "extaris/packet/notes.h"
#include "extaris/tcp/limits.h"
#include "extaris/tcp/segment_arrives.h"
#include "extaris/tcp/timers.h"

namespace arrakis::extaris::tcp {
namespace {

void write_notes(const Segment& s) {
  SegmentNotes& n = notes_of(s.text.mbuf());
  n.first = s.seq;
  n.bytes = static_cast<std::uint16_t>(s.bytes);
}

// RFC 2018, 4: the block that the newest segment lies in comes first, then those told before.
void note_sack(ControlBlock& c, const SackBlock& newest) {
  if (!c.has(flag::sack)) return;
  std::array<SackBlock, 4> blocks{newest};
  std::uint8_t count = 1;
  for (std::uint8_t i = 0; i < c.sacks && count < blocks.size(); ++i) {
    const SackBlock& old = c.sack[i];
    const bool is_inside = newest.first.not_after(old.first) && old.end.not_after(newest.end);
    if (!is_inside) blocks[count++] = old;
  }
  c.sack = blocks;
  c.sacks = count;
}

// What is in order by now needs no block any more.
void forget_sacks(ControlBlock& c) {
  std::uint8_t kept = 0;
  for (std::uint8_t i = 0; i < c.sacks; ++i)
    if (c.sack[i].end.after(c.rcv_nxt)) c.sack[kept++] = c.sack[i];
  c.sacks = kept;
}

// The bytes around `m` without a gap.
SackBlock run_around(const ControlBlock& c, rte_mbuf* m) {
  SackBlock run{notes_of(m).first, end_of(m)};
  rte_mbuf* first = c.out_of_order.first();
  Seq start = notes_of(first).first;
  Seq end = start;
  for (rte_mbuf* at = first; at != nullptr; at = c.out_of_order.after(at)) {
    if (notes_of(at).first != end) {
      if (run.first.before(end)) break;
      start = notes_of(at).first;
    }
    end = end_of(at);
  }
  return {start, later(end, run.end)};
}

// The last packet that begins before `seq`; nullptr: none does.
rte_mbuf* place_before(const ControlBlock& c, Seq seq) {
  rte_mbuf* last = c.out_of_order.last();
  if (last == nullptr || notes_of(last).first.before(seq)) return last;
  rte_mbuf* before = nullptr;
  for (rte_mbuf* m = c.out_of_order.first(); m != nullptr && notes_of(m).first.before(seq);
       m = c.out_of_order.after(m))
    before = m;
  return before;
}

void keep_out_of_order(ControlBlock& c, Segment& s, const Context& context) {
  ++context.counters.out_of_order;
  c.set(flag::ack_now);  // RFC 5681, 4.2
  if (c.out_of_order_packets >= limits::out_of_order_packets_max) {
    ++context.counters.out_of_order_full;
    return;
  }
  if (context.memory != Memory::ample) {
    ++context.counters.memory_refused;
    return;
  }
  rte_mbuf* before = place_before(c, s.seq);
  const Seq s_end = s.seq + s.bytes;
  if (before != nullptr && s.seq.before(end_of(before))) {  // begins inside that one
    const Seq until = earlier(end_of(before), s_end);
    c.duplicate = {s.seq, until};
    c.duplicate_to_tell = c.has(flag::sack);
    const std::uint32_t known = until - s.seq;
    if (known == s.bytes) return;
    pull_front(s.text, known);
    s.seq = s.seq + known;
    s.bytes -= known;
  }
  write_notes(s);
  rte_mbuf* mine = s.text.mbuf();
  if (before == nullptr)
    c.out_of_order.push_front(std::move(s.text));
  else
    c.out_of_order.insert_after(before, std::move(s.text));
  ++c.out_of_order_packets;
  c.mark(exceptional::gaps);
  // Those behind it that it covers, whole or in part.
  for (rte_mbuf* next = c.out_of_order.after(mine);
       next != nullptr && notes_of(next).first.before(end_of(mine));
       next = c.out_of_order.after(mine)) {
    const Seq next_end = end_of(next);
    c.duplicate = {notes_of(next).first, earlier(next_end, end_of(mine))};
    c.duplicate_to_tell = c.has(flag::sack);
    if (next_end.after(end_of(mine))) {
      const auto overlap = static_cast<std::uint16_t>(end_of(mine) - notes_of(next).first);
      cut_tail(mine, overlap);
      notes_of(mine).bytes = static_cast<std::uint16_t>(notes_of(mine).bytes - overlap);
      break;
    }
    c.out_of_order.take_after(mine);
    --c.out_of_order_packets;
  }
  if (notes_of(mine).bytes > 0) note_sack(c, run_around(c, mine));
}

void append(ControlBlock& c, Packet&& packet) {
  c.rcv_nxt = end_of(packet.mbuf());
  ++c.received_packets;
  c.received.push_back(std::move(packet));
}

// What was waiting for the bytes that have just come.
void take_from_out_of_order(ControlBlock& c) {
  while (rte_mbuf* m = c.out_of_order.first()) {
    SegmentNotes& n = notes_of(m);
    if (n.first.after(c.rcv_nxt)) break;
    Packet packet = c.out_of_order.pop_front();
    --c.out_of_order_packets;
    if (!end_of(m).after(c.rcv_nxt)) continue;
    const std::uint32_t known = c.rcv_nxt - n.first;
    if (known > 0) {
      pull_front(packet, known);
      n.first = c.rcv_nxt;
      n.bytes = static_cast<std::uint16_t>(n.bytes - known);
    }
    append(c, std::move(packet));
  }
  if (c.out_of_order.empty() && !c.fin_is_early) c.unmark(exceptional::gaps);
  forget_sacks(c);
}

// RFC 3168, 6.1.3: a mark is echoed until the peer says that it has slowed down. DCTCP wants to
// know of each (RFC 8257, 3.2).
void note_marks(ControlBlock& c, const Segment& s, const Context& context) {
  if (s.is_marked) ++context.counters.congestion_marks;
  const bool is_exact = std::holds_alternative<Dctcp>(c.congestion);
  if (is_exact && s.is_marked != c.has(flag::ece)) c.set(flag::ack_now);
  if (s.has(tcp_flag::cwr) || (is_exact && !s.is_marked)) c.clear(flag::ece);
  if (s.is_marked) c.set(flag::ece);
}

}  // namespace

void take_text(ControlBlock& c, Segment& s, const Context& context) noexcept {
  const std::uint16_t share = share_of(context.memory);
  if (c.received_packets >= share) [[unlikely]] {
    if (share < limits::received_packets_max) ++context.counters.memory_refused;
    ++context.counters.receive_queue_full;
    c.set(flag::ack_now);
    return;
  }
  context.counters.bytes_received += s.bytes;
  c.news |= news::readable;
  write_notes(s);
  append(c, std::move(s.text));
}

// RFC 9293, 3.8.6.3: at least every second full-sized segment, and after a while.
void owe_ack(ControlBlock& c, const Context& context) noexcept {
  if (c.has(flag::ack_now)) return;
  if (c.rcv_nxt - c.last_ack_sent >= 2u * c.mss) {
    c.set(flag::ack_now);
    return;
  }
  if (c.has(flag::ack_delayed)) return;
  c.set(flag::ack_delayed);
  c.ack_due = static_cast<std::uint16_t>((context.now.tick + limits::delayed_ack).ms);
}

// RFC 6093: urgent data stays in line; the pointer is only told.
Next process_urgent(ControlBlock& c, Segment& s, const Context&) noexcept {
  if (!s.has(tcp_flag::urg) || !may_receive(c.state)) return Next::proceed;
  const Seq up = s.seq + s.urgent;
  if (up.after(c.rcv_up) && up.after(c.rcv_nxt)) {
    c.rcv_up = up;
    c.news |= news::urgent;
  }
  return Next::proceed;
}

Next process_text(ControlBlock& c, Segment& s, const Context& context) noexcept {
  if (!may_receive(c.state)) {
    // Past the peer's FIN there is nothing (RFC 9293, 3.10.7.4: "should not occur").
    return Next::proceed;
  }
  if (s.bytes == 0) return Next::proceed;
  if (c.has(flag::ecn)) note_marks(c, s, context);
  // RFC 9293, 3.6.1 (SHLD-3), RFC 2525, 2.17: data for an application that is gone.
  if (!c.has(flag::held) || c.receive_shut) {
    give_up(c, Ending::aborted);
    return Next::refuse;
  }
  if (s.seq.after(c.rcv_nxt)) {
    keep_out_of_order(c, s, context);
    return Next::proceed;
  }
  const bool fills_a_gap = (c.exceptional & exceptional::gaps) != 0;
  const Seq end = s.seq + s.bytes;
  take_text(c, s, context);
  if (c.rcv_nxt != end) return Next::stop;  // there was no room for it
  if (fills_a_gap) {
    const Seq before = c.rcv_nxt;
    take_from_out_of_order(c);
    context.counters.bytes_received += c.rcv_nxt - before;
    c.set(flag::ack_now);  // RFC 5681, 4.2
  }
  if (s.has(tcp_flag::fin)) return Next::proceed;
  owe_ack(c, context);
  return Next::proceed;
}

Next process_fin(ControlBlock& c, Segment& s, const Context& context) noexcept {
  if (s.has(tcp_flag::fin)) {
    const Seq fin = s.seq + s.bytes;
    if (fin.after(c.rcv_nxt)) {  // what it ends has not come
      c.fin_seq = fin;
      c.fin_is_early = true;
      c.mark(exceptional::gaps);
      c.set(flag::ack_now);
      return Next::stop;
    }
    if (fin.before(c.rcv_nxt)) return Next::stop;
  } else if (!c.fin_is_early || c.fin_seq != c.rcv_nxt) {
    return Next::stop;
  }
  c.fin_is_early = false;
  c.set(flag::ack_now);
  switch (c.state) {
    case State::syn_received:
    case State::established: enter(c, State::close_wait); break;
    case State::fin_wait_1: enter(c, State::closing); break;  // ours is not acknowledged yet
    case State::fin_wait_2: enter_time_wait(c, context); break;
    case State::time_wait: enter_time_wait(c, context); return Next::stop;
    default: return Next::stop;
  }
  c.rcv_nxt = c.rcv_nxt + 1;
  c.set(flag::ack_now);
  c.news |= news::readable;
  return Next::stop;
}

}  // namespace arrakis::extaris::tcp
