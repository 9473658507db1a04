// What an acknowledgment does (RFC 9293, 3.10.7.4, fifth step).
#include <algorithm>
#include <variant>

#include "extaris/tcp/limits.h"
#include "extaris/tcp/loss.h"
#include "extaris/tcp/segment_arrives.h"
#include "extaris/tcp/timers.h"

namespace arrakis::extaris::tcp {
namespace {

// `bytes` of a segment are acknowledged, whatever had become of it.
void forget_fate(ControlBlock& c, const SegmentNotes& n, std::uint32_t bytes) {
  if ((n.fate & fate::sacked) != 0) c.loss.sacked_bytes -= bytes;
  if ((n.fate & fate::lost) != 0) c.loss.lost_bytes -= bytes;
}

// Takes what is acknowledged out of the send queue. The instant at which the newest of it was sent,
// if that is a sample of the round trip: Karn's algorithm (RFC 6298, 3) leaves out what went twice.
// `never` otherwise.
constexpr Instant never{INT64_MIN};
Instant release_acknowledged(ControlBlock& c, Seq ack, Instant now) {
  Instant sent_at = never;
  const bool is_watched = (c.exceptional & (exceptional::scoreboard | exceptional::recovery)) != 0;
  for (rte_mbuf* m = c.sent.first(); m != nullptr && m != c.unsent; m = c.sent.first()) {
    SegmentNotes& n = notes_of(m);
    if (ack.before(end_of(m))) {
      if (n.first.before(ack)) {  // a part of it: the rest stays, at the end of the packet
        forget_fate(c, n, ack - n.first);
        n.bytes = static_cast<std::uint16_t>(end_of(m) - ack);
        n.first = ack;
      }
      break;
    }
    sent_at = n.transmissions == 1 ? n.sent_at : never;
    if (is_watched) [[unlikely]] {
      if ((n.fate & fate::sacked) == 0) {
        note_original(c, n);
        note_delivered(c, n, now);
      }
      forget_fate(c, n, n.bytes);
    }
    prefetch_frame(m);  // a pool gives out first what came back last
    c.sent.pop_front();
  }
  return sent_at;
}

// The byte that probed the window was taken: the rest of its segment is what is unsent.
void take_probe(ControlBlock& c, Seq ack) {
  if (!c.is_probed || ack != c.snd_nxt + 1 || c.unsent == nullptr) return;
  SegmentNotes& n = notes_of(c.unsent);
  n.first = n.first + 1;
  --n.bytes;
  c.snd_una = c.snd_nxt = ack;
  c.is_probed = false;
  if (n.bytes > 0) return;
  c.unsent = c.sent.after(c.unsent);
  c.sent.pop_front();
  if (c.unsent != nullptr) return;
  disarm(c);
  c.unmark(exceptional::window_shut);
  c.set(flag::send_now);  // a FIN, perhaps
}

// A peer that answers is there, whatever its window (RFC 9293, 3.8.6.1); but a connection that
// lingers after its application does so for as long as it was told.
void hear_of_shut_window(ControlBlock& c, const Segment& s, const Context& context) {
  c.probes_unanswered = 0;
  const bool is_persisting = c.sender_timer == SenderTimer::persist;
  if (c.has(flag::held) && (is_persisting || s.window == 0)) c.first_unanswered = context.now.tick;
  if (is_persisting) {
    take_probe(c, s.ack);
  } else if (s.window == 0) {  // it was shut on what is under way
    if (c.backoff >= limits::retransmissions_max) c.backoff = limits::retransmissions_max - 1;
  }
}

// RFC 9293, 3.10.7.4: from SYN-RECEIVED.
void establish(ControlBlock& c, const Segment& s, const Context& context) {
  enter(c, State::established);
  c.snd_wnd = c.snd_wnd_max = std::uint32_t{s.window} << c.snd_shift();
  c.snd_wl1 = s.seq;
  c.news |= news::connected;
  begin_after(c, c.backoff);
  c.backoff = 0;
  if (c.has(flag::fin_queued)) enter(c, State::fin_wait_1);  // closed already: RFC 9293, 3.10.4
  if (c.keepalive_idle_ms != 0) {
    c.last_received = context.now.tick;
    c.life_timer = LifeTimer::keepalive;
    c.life_due = context.now.tick + c.keepalive_idle_ms;
  }
}

// Our FIN has been acknowledged: RFC 9293, 3.10.7.4.
Next after_fin_acknowledged(ControlBlock& c, const Context& context) {
  switch (c.state) {
    case State::fin_wait_1:
      enter(c, State::fin_wait_2);
      if (!c.has(flag::held)) {  // nobody would notice if the peer never closed
        c.life_timer = LifeTimer::fin_wait_2;
        c.life_due = context.now.tick + limits::fin_wait_2;
      }
      return Next::proceed;
    case State::closing: enter_time_wait(c, context); return Next::proceed;
    case State::last_ack: give_up(c, Ending::none); return Next::closed;
    default: return Next::proceed;
  }
}

// RFC 3168, 6.1.2: a mark is as good as a loss, once a round trip. DCTCP counts them all.
void hear_echo(ControlBlock& c, const Segment& s, std::uint32_t acked, const Context& context) {
  const bool is_marked = s.has(tcp_flag::ece);
  if (auto* dctcp = std::get_if<Dctcp>(&c.congestion))
    dctcp->account(acked, is_marked, c.snd_una, c.snd_nxt);
  if (!is_marked || c.loss.in_recovery || c.snd_una.before(c.loss.echo_point)) return;
  ++context.counters.congestion_echoes;
  c.ssthresh = threshold_after_congestion(c, context.now.at, true);
  c.cwnd = std::min(c.cwnd, c.ssthresh);
  c.loss.echo_point = c.snd_nxt;
  c.must_say_cwr = true;
}

// RFC 7323, 4: of what was sent twice, the echo says which transmission is acknowledged.
void measure_retransmission(ControlBlock& c, const Segment& s, const Context& context) {
  if (c.backoff == 0 || !s.is_stamped || !c.has(flag::timestamps)) return;
  const std::uint32_t age_ms = context.now.tick.ms + c.ts_offset - s.timestamps.echo;
  if (age_ms > limits::rto_max.ns / 1'000'000) return;
  c.rtt.sample(Duration::milliseconds(age_ms));
  c.backoff = 0;
}

bool fin_is_acknowledged(const ControlBlock& c) {
  return c.has(flag::fin_sent) && c.snd_una == c.snd_nxt;
}

}  // namespace

// RFC 6298, 5.7; RFC 6928, 2: a single SYN that was lost says little.
void begin_after(ControlBlock& c, std::uint8_t retransmissions) noexcept {
  if (retransmissions > 0) c.rtt.begin_with_care();
  if (retransmissions > 1) c.cwnd = c.mss;
}

void acknowledge_sent(ControlBlock& c, Seq ack, const Context& context) noexcept {
  const std::uint32_t flight = c.flight();
  const std::uint32_t acked = ack - c.snd_una;
  c.snd_una = ack;
  const Instant sent_at = release_acknowledged(c, ack, context.now.at);
  if (sent_at != never) [[likely]] {
    c.rtt.sample(context.now.at - sent_at);
    c.backoff = 0;  // only a measurement says that it may be (RFC 6298, 5)
  } else if (c.backoff > limits::backoff_kept_max) {
    c.backoff = limits::backoff_kept_max;
  }
  // RFC 6298, 5.2 and 5.3
  if (c.snd_una == c.snd_nxt) {
    disarm(c);
    c.sender_due = context.now.tick;  // nothing is under way since then: RFC 5681, 4.1
  } else {
    c.first_unanswered = context.now.tick;
    rearm_sender(c, context.now.tick);
  }
  // RFC 7661: a window that was not used is not known to be good. Recovery has its own rule.
  const bool recovers = (c.exceptional & exceptional::recovery) != 0;
  const bool may_grow = !recovers || c.loss.after_timeout;
  // RFC 3465, 2.3: after a timeout an acknowledgment may be of what had arrived long before.
  const std::uint32_t counted = recovers ? std::min<std::uint32_t>(acked, c.mss) : acked;
  if (2 * flight >= c.cwnd && may_grow) grow_window(c, counted, context.now.at);
  if (c.unsent != nullptr || c.has(flag::fin_queued)) c.set(flag::send_now);
  if (c.has(flag::wants_room) && c.snd_end - c.snd_una <= c.send_buffer() / 2) {
    c.clear(flag::wants_room);
    c.news |= news::room;
  }
}

Next process_ack(ControlBlock& c, Segment& s, const Context& context) noexcept {
  if (!s.has(tcp_flag::ack)) return Next::stop;
  if ((c.exceptional & exceptional::window_shut) != 0 || s.window == 0)
    hear_of_shut_window(c, s, context);
  const bool is_sane = s.ack.not_after(c.snd_nxt) &&
                       (c.snd_una - std::max(c.snd_wnd_max, c.snd_wnd)).not_after(s.ack);
  if (c.state == State::syn_received) {
    if (!s.ack.after(c.snd_una) || !is_sane) return Next::reset;
    establish(c, s, context);
  } else if (!is_sane) {
    return Next::challenge;  // RFC 5961, 5
  }
  const Seq una = c.snd_una;
  const std::uint32_t sacked = c.loss.sacked_bytes;
  Delivery delivery{.is_advance = s.ack.after(una)};
  // RFC 5681, 2
  delivery.is_duplicate = s.ack == una && s.length() == 0 && c.flight() > 0 &&
                          std::uint32_t{s.window} << c.snd_shift() == c.snd_wnd;
  delivery.has_dsack = take_sack(c, s, context);
  if (delivery.is_advance) {
    measure_retransmission(c, s, context);
    const std::uint32_t cwnd = c.cwnd;
    acknowledge_sent(c, s.ack, context);
    // RFC 3168, 6.1.2: what says that there is congestion opens no window.
    if (c.has(flag::ecn) && s.has(tcp_flag::ece)) c.cwnd = std::min(c.cwnd, cwnd);
  }
  delivery.bytes = (c.snd_una - una) + (c.loss.sacked_bytes - sacked);
  update_window(c, s, delivery.is_advance);
  if (c.has(flag::ecn)) hear_echo(c, s, c.snd_una - una, context);
  recover(c, s, delivery, context);
  if (!fin_is_acknowledged(c)) return Next::proceed;
  return after_fin_acknowledged(c, context);
}

}  // namespace arrakis::extaris::tcp
