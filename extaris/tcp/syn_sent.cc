// RFC 9293, 3.10.7.3: the answer to our SYN, or one that crosses it.
#include <algorithm>

#include "extaris/tcp/limits.h"
#include "extaris/tcp/segment_arrives.h"
#include "extaris/tcp/timers.h"
#include "extaris/tcp/transmit.h"

namespace arrakis::extaris::tcp {

void take_syn_options(ControlBlock& c, const Segment& s, const Context& context) noexcept {
  const TcpOptions& options = *s.options;
  const bool is_v4 = c.remote_address.is_v4();
  c.irs = s.seq;
  c.rcv_nxt = s.seq + 1;
  c.rcv_edge = c.rcv_nxt + std::min(c.receive_buffer(), 65'535u);
  c.rcv_up = c.last_ack_sent = c.rcv_nxt;
  c.peer_mss = std::max(options.maximum_segment_bytes.value_or(is_v4 ? limits::default_mss_v4
                                                                     : limits::default_mss_v6),
                        limits::least_mss);
  if (options.timestamps && c.has(flag::timestamps))
    note_timestamp(c, s, context);
  else
    c.clear(flag::timestamps);
  if (!options.sack_permitted) c.clear(flag::sack);
  // RFC 7323, 2.2: both or neither.
  c.shifts = options.window_scale
                 ? static_cast<std::uint8_t>((c.shifts & 0xf0) | *options.window_scale)
                 : std::uint8_t{0};
  if (!options.window_scale) c.receive_log2 = std::min<std::uint8_t>(c.receive_log2, 15);
  // RFC 3168, 6.1.1: a SYN that asks has both bits, the answer only ECE.
  const auto marks = static_cast<std::uint8_t>(s.flags & (tcp_flag::ece | tcp_flag::cwr));
  const auto expected = s.has(tcp_flag::ack)
                            ? tcp_flag::ece
                            : static_cast<std::uint8_t>(tcp_flag::ece | tcp_flag::cwr);
  if (marks != expected) c.clear(flag::ecn);
  c.loss.echo_point = c.snd_una;
  if (c.has(flag::ecn)) c.mark(exceptional::congestion_marks);
  // The window in a SYN is never scaled (RFC 7323, 2.2).
  c.snd_wnd = c.snd_wnd_max = s.window;
  c.snd_wl1 = s.seq;
  c.last_received = context.now.tick;
  update_mss(c);
  c.cwnd = initial_window(c.mss);
}

namespace {

// The peer did not take all that came with our SYN (RFC 7413, 4.2.1): as if it had not been sent.
void send_text_again(ControlBlock& c) {
  for (rte_mbuf* m = c.sent.first(); m != nullptr && m != c.unsent; m = c.sent.after(m))
    notes_of(m).transmissions = 0;
  c.unsent = c.sent.first();
  c.snd_nxt = c.snd_una;
  disarm(c);
}

}  // namespace

Next segment_arrives_in_syn_sent(ControlBlock& c, Segment& s, const Context& context) noexcept {
  // First: the ACK bit.
  const bool acks = s.has(tcp_flag::ack);
  if (acks && (s.ack.not_after(c.iss) || s.ack.after(c.snd_nxt)))
    return s.has(tcp_flag::rst) ? Next::stop : Next::reset;
  // Second: RST.
  if (s.has(tcp_flag::rst)) {
    if (!acks) return Next::stop;
    ++context.counters.resets_received;
    give_up(c, Ending::refused);
    return Next::closed;
  }
  // Fourth: SYN.
  if (!s.has(tcp_flag::syn)) return Next::stop;
  take_syn_options(c, s, context);
  if (!acks) {  // a simultaneous open
    enter(c, State::syn_received);
    return Next::answer_syn;
  }
  begin_after(c, c.backoff);
  c.backoff = 0;
  acknowledge_sent(c, s.ack, context);
  enter(c, State::established);
  if (c.snd_una != c.snd_nxt) send_text_again(c);
  c.snd_wnd_max = c.snd_wnd;
  c.news |= news::connected;
  c.set(flag::ack_now | flag::send_now);
  if (c.keepalive_idle_ms != 0) {
    c.life_timer = LifeTimer::keepalive;
    c.life_due = context.now.tick + c.keepalive_idle_ms;
  }
  // Data or a FIN that came along.
  s.flags = static_cast<std::uint8_t>(s.flags & ~tcp_flag::syn);
  s.seq = s.seq + 1;
  if (process_text(c, s, context) == Next::refuse) return Next::refuse;
  return process_fin(c, s, context);
}

}  // namespace arrakis::extaris::tcp
