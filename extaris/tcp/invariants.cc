#include "extaris/tcp/invariants.h"

#include "extaris/packet/bytes.h"

namespace arrakis::extaris::tcp {
namespace {

bool was_sent(const ControlBlock& c, const rte_mbuf* m) {
  for (rte_mbuf* at = c.sent.first(); at != nullptr && at != c.unsent; at = c.sent.after(at))
    if (at == m) return true;
  return false;
}

// What is under way and what waits is one stretch of sequence numbers.
std::string_view broken_in_send_queue(const ControlBlock& c) {
  if (c.state == State::closed || c.state == State::time_wait) return {};
  if (c.snd_una.after(c.snd_nxt)) return "SND.UNA is past SND.NXT";
  rte_mbuf* first = c.sent.first();
  if (first == nullptr) return c.unsent == nullptr ? "" : "unsent text in an empty queue";
  // The SYN has a number of its own, and no packet.
  const Seq begin = c.snd_una == c.iss ? c.iss + 1 : c.snd_una;
  if (notes_of(first).first != begin) return "the send queue does not begin with SND.UNA";
  Seq at = begin;
  for (rte_mbuf* m = first; m != nullptr; m = c.sent.after(m)) {
    if (notes_of(m).bytes == 0) return "an empty segment in the send queue";
    if (notes_of(m).first != at) return "a gap in the send queue";
    at = end_of(m);
  }
  if (at != c.snd_end) return "the send queue does not end with the last byte taken";
  if (c.unsent != nullptr && was_sent(c, c.unsent)) return "unsent text was sent";
  return {};
}

// RFC 6675, RFC 8985: what the counters say is what the segments say.
std::string_view broken_in_scoreboard(const ControlBlock& c) {
  if (c.state == State::closed) return {};  // nothing is under way any more
  std::uint32_t sacked = 0;
  std::uint32_t lost = 0;
  for (rte_mbuf* m = c.sent.first(); m != nullptr && m != c.unsent; m = c.sent.after(m)) {
    const SegmentNotes& n = notes_of(m);
    if ((n.fate & fate::sacked) != 0) sacked += n.bytes;
    if ((n.fate & fate::lost) != 0) lost += n.bytes;
    if ((n.fate & (fate::sacked | fate::lost)) == (fate::sacked | fate::lost))
      return "a segment is sacked and lost";
    if (n.transmissions == 0) return "a segment under way was never sent";
  }
  if (lost != c.loss.lost_bytes) return "lost bytes are counted wrongly";
  // Without SACK they are an estimate (RFC 6582).
  if (c.has(flag::sack) && sacked != c.loss.sacked_bytes) return "sacked bytes are counted wrongly";
  const bool is_watched = (c.exceptional & exceptional::scoreboard) != 0;
  return sacked + lost > 0 && !is_watched ? "the fast path may overlook the scoreboard" : "";
}

// Each packet shows exactly the bytes it stands for, in order, without overlap.
std::string_view broken_in(const SegmentQueue& queue, bool may_have_gaps) {
  for (rte_mbuf* m = queue.first(); m != nullptr; m = queue.after(m)) {
    Packet view{m};
    const std::size_t shown = size(view);
    (void)std::move(view).release();  // the queue's own
    if (shown != notes_of(m).bytes) return "a received packet shows other bytes than its own";
    rte_mbuf* next = queue.after(m);
    if (next == nullptr) break;
    if (notes_of(next).first.before(end_of(m))) return "received packets overlap";
    if (!may_have_gaps && notes_of(next).first != end_of(m)) return "a gap in what is in order";
  }
  return {};
}

std::string_view broken_in_receive_queues(const ControlBlock& c) {
  if (const auto broken = broken_in(c.received, false); !broken.empty()) return broken;
  if (const auto broken = broken_in(c.out_of_order, true); !broken.empty()) return broken;
  if (c.rcv_edge.before(c.rcv_nxt - 1)) return "RCV.NXT is past the window's right edge";
  rte_mbuf* early = c.out_of_order.first();
  if (early != nullptr && notes_of(early).first.not_after(c.rcv_nxt))
    return "what is in order waits out of order";
  return {};
}

// Whatever waits is waited for by something.
std::string_view broken_in_timers(const ControlBlock& c) {
  const bool is_sending =
      may_transmit(c.state) || c.state == State::syn_sent || c.state == State::syn_received;
  if (!is_sending || c.has(flag::in_todo)) return {};
  if (c.snd_una != c.snd_nxt && c.sender_timer == SenderTimer::idle)
    return "nothing watches over what is under way";
  if (c.unsent != nullptr && c.sender_timer == SenderTimer::idle && may_transmit(c.state))
    return "nothing watches over what waits to be sent";
  if (c.sender_timer != SenderTimer::idle && !c.has(flag::on_wheel))
    return "a timer runs, and nobody looks at it";
  return {};
}

}  // namespace

std::string_view broken_invariant(const ControlBlock& c) noexcept {
  for (const auto part :
       {broken_in_send_queue, broken_in_scoreboard, broken_in_receive_queues, broken_in_timers})
    if (const auto broken = part(c); !broken.empty()) return broken;
  return {};
}

}  // namespace arrakis::extaris::tcp
