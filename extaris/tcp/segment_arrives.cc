#include "extaris/tcp/segment_arrives.h"

#include <algorithm>
#include <array>

#include "extaris/tcp/limits.h"
#include "extaris/tcp/timers.h"

namespace arrakis::extaris::tcp {
namespace {

constexpr bool is_before(std::uint32_t a, std::uint32_t b) {
  return static_cast<std::int32_t>(a - b) < 0;
}

// RFC 7323, 5.3 (R1): older than what we have seen of this peer, unless that was so long ago that
// its clock may have gone around (5.5).
bool is_old_duplicate(const ControlBlock& c, const Segment& s, const Now& now) {
  return s.is_stamped && c.has(flag::timestamps) && !s.has(tcp_flag::rst) &&
         is_before(s.timestamps.value, c.ts_recent) &&
         static_cast<std::uint8_t>(now.day - c.stamped_day) <= limits::paws_days;
}

// RFC 9293, 3.4: the four cases.
bool is_acceptable(const ControlBlock& c, const Segment& s) {
  const std::uint32_t window = c.rcv_wnd();
  // What a segment says counts, though there is no room for what it brings: trim() takes that off.
  if (window == 0) return s.seq == c.rcv_nxt;
  if (s.length() == 0) return s.seq.in_window(c.rcv_nxt, window);
  return s.seq.in_window(c.rcv_nxt, window) || (s.end() - 1).in_window(c.rcv_nxt, window);
}

// Takes off what lies outside the window, so that the rest may assume a segment inside it.
void trim(ControlBlock& c, Segment& s, TcpCounters& counters) {
  if (s.seq.before(c.rcv_nxt)) {
    std::uint32_t old = c.rcv_nxt - s.seq;
    if (s.has(tcp_flag::syn)) {
      s.flags = static_cast<std::uint8_t>(s.flags & ~tcp_flag::syn);
      s.seq = s.seq + 1;
      --old;
    }
    if (old > s.bytes) old = s.bytes;
    pull_front(s.text, old);
    s.bytes -= old;
    s.seq = s.seq + old;
  }
  const bool is_probe = c.rcv_wnd() == 0;
  if (!s.end().after(c.rcv_edge) || (s.bytes == 0 && !(is_probe && s.has(tcp_flag::fin)))) return;
  std::uint32_t beyond = s.end() - c.rcv_edge;
  if (s.has(tcp_flag::fin)) {
    s.flags = static_cast<std::uint8_t>(s.flags & ~tcp_flag::fin);
    --beyond;
  }
  beyond = std::min(beyond, s.bytes);
  if (beyond > 0) resize(s.text, s.bytes - beyond);
  s.bytes -= beyond;
  if (!is_probe) counters.beyond_window += beyond;
  c.set(flag::ack_now);
}

// RFC 2883, 4: what was received again is told in the next ACK.
void note_duplicate(ControlBlock& c, Seq first, Seq end) {
  if (!c.has(flag::sack) || !first.before(end)) return;
  c.duplicate = {first, end};
  c.duplicate_to_tell = true;
}

}  // namespace

Next check_sequence(ControlBlock& c, Segment& s, const Context& context) noexcept {
  if (c.has(flag::timestamps) && !s.is_stamped && !s.has(tcp_flag::rst)) {
    ++context.counters.no_timestamp;  // RFC 7323, 3.2
    return Next::stop;
  }
  if (is_old_duplicate(c, s, context.now)) {
    ++context.counters.old_timestamps;
    return Next::acknowledge;
  }
  if (!is_acceptable(c, s)) {
    ++context.counters.unacceptable;
    if (s.has(tcp_flag::rst)) return Next::stop;
    // RFC 9293, 3.10.7.4: the FIN again, so our ACK of it got lost.
    if (c.state == State::time_wait && s.has(tcp_flag::fin) && s.end() == c.rcv_nxt)
      enter_time_wait(c, context);
    // Our answer to it got lost.
    if (s.has(tcp_flag::syn) && !s.has(tcp_flag::ack) && c.state == State::syn_received &&
        s.seq == c.irs)
      return Next::answer_syn;
    // RFC 5961, 4: a SYN is answered alike wherever it lies.
    if (s.has(tcp_flag::syn) && is_synchronized(c.state)) return Next::challenge;
    if (s.bytes > 0 && s.seq.before(c.rcv_nxt)) {
      context.counters.duplicate_bytes += s.bytes;
      note_duplicate(c, s.seq, earlier(s.seq + s.bytes, c.rcv_nxt));
    }
    return Next::acknowledge;
  }
  if (s.bytes > 0 && s.seq.before(c.rcv_nxt) && is_synchronized(c.state)) {
    const Seq until = earlier(s.seq + s.bytes, c.rcv_nxt);
    context.counters.duplicate_bytes += until - s.seq;
    note_duplicate(c, s.seq, until);
    c.set(flag::ack_now);
  }
  // RFC 7323, 4.3: of the segment that the last ACK was waiting for.
  if (s.is_stamped && c.has(flag::timestamps) && !s.has(tcp_flag::rst) &&
      s.seq.not_after(c.last_ack_sent))
    note_timestamp(c, s, context);
  trim(c, s, context.counters);
  return Next::proceed;
}

namespace {

// Nobody needs to hear of it in TIME-WAIT, where everything has been acknowledged both ways.
Ending ending_by_reset(State in) {
  switch (in) {
    case State::syn_received: return Ending::refused;
    case State::time_wait: return Ending::none;
    default: return Ending::reset;
  }
}

}  // namespace

// RFC 9293, 3.10.7.4, second, with RFC 5961, 3.2: only the exact sequence number resets.
Next check_reset(ControlBlock& c, Segment& s, const Context& context) noexcept {
  if (!s.has(tcp_flag::rst)) return Next::proceed;
  if (s.seq != c.rcv_nxt) return Next::challenge;
  ++context.counters.resets_received;
  give_up(c, ending_by_reset(c.state));
  return Next::closed;
}

// RFC 5961, 4.2. In SYN-RECEIVED a passive connection goes back to LISTEN (RFC 9293, 3.10.7.4).
Next check_syn(ControlBlock& c, Segment& s, const Context&) noexcept {
  if (!s.has(tcp_flag::syn)) return Next::proceed;
  if (c.state == State::syn_received && c.listener != 0xffff) {
    give_up(c, Ending::reset);
    return Next::closed;
  }
  return Next::challenge;
}

Next segment_arrives(ControlBlock& c, Segment& s, const Context& context) noexcept {
  c.last_received = context.now.tick;
  if (c.state == State::syn_sent) return segment_arrives_in_syn_sent(c, s, context);
  constexpr std::array steps{check_sequence, check_reset,  check_syn,  process_ack,
                             process_urgent, process_text, process_fin};
  for (const auto step : steps)
    if (const Next next = step(c, s, context); next != Next::proceed) return next;
  return Next::stop;
}

void receive_fast(ControlBlock& c, Segment& s, const Context& context) noexcept {
  ++context.counters.fast_path;
  if (s.is_stamped && s.seq.not_after(c.last_ack_sent)) note_timestamp(c, s, context);
  update_window(c, s, true);
  if (c.has(flag::keepalive)) [[unlikely]]
    c.last_received = context.now.tick;
  if (s.ack != c.snd_una) acknowledge_sent(c, s.ack, context);
  if (s.bytes == 0) return;
  take_text(c, s, context);
  owe_ack(c, context);
}

void give_up(ControlBlock& c, Ending why) noexcept {
  if (c.state == State::closed) return;
  enter(c, State::closed);
  c.ending = why;
  c.news |= news::ended | news::readable;
  stop_timers(c);
  c.sent.clear();
  c.unsent = nullptr;
  c.out_of_order.clear();
  c.out_of_order_packets = 0;
}

void enter_time_wait(ControlBlock& c, const Context& context) noexcept {
  if (c.state != State::time_wait) enter(c, State::time_wait);
  stop_timers(c);
  c.life_timer = LifeTimer::time_wait;
  c.life_due = context.now.tick + limits::maximum_segment_lifetime * 2;
}

}  // namespace arrakis::extaris::tcp
