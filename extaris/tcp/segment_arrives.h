// segment_arrives.h: SEGMENT ARRIVES (RFC 9293, 3.10.7): a function of connection, segment and
// time.
//
// The steps change the control block and nothing else: what has to be sent is noted in it
// (flag::ack_now, the send queue) and said by the result; transmit.h does it, once for all segments
// of a burst. What the application should know is in ControlBlock::news.
#pragma once

#include "extaris/tcp/connection.h"
#include "extaris/tcp/segment.h"

namespace arrakis::extaris::tcp {

// Bits of ControlBlock::news.
namespace news {
inline constexpr std::uint8_t readable = 1,  // bytes, or the end of them
    room = 2,                                // to send, after a refusal
    connected = 4, ended = 8, urgent = 16;
}  // namespace news

// Header prediction as one question: the very next bytes of an established connection, nothing to
// negotiate, nothing unusual under way.
inline bool takes_fast_path(const ControlBlock& c, const Segment& s) noexcept {
  return c.exceptional == 0 && (s.flags & ~tcp_flag::psh) == tcp_flag::ack &&  //
         s.seq == c.rcv_nxt &&                                                 //
         s.bytes <= c.rcv_edge - c.rcv_nxt &&                                  //
         s.ack - c.snd_una <= c.snd_nxt - c.snd_una &&  // nothing we did not send
         (s.bytes > 0 || s.ack != c.snd_una || c.snd_una == c.snd_nxt) &&  // no duplicate
         s.options == nullptr && s.is_stamped == c.has(flag::timestamps) &&
         (!s.is_stamped || static_cast<std::int32_t>(s.timestamps.value - c.ts_recent) >= 0);
}

// RFC 9293, 3.10.7.4: the window of a segment that is newer than the last that set it. Newer is
// also what fills a gap and acknowledges more: to leave it out, as the RFC does, would move the
// window's right edge by what is acknowledged, past what the peer has room for.
inline void update_window(ControlBlock& c, const Segment& s, bool acknowledges_more) noexcept {
  if (s.ack.before(c.snd_una) || (s.seq.before(c.snd_wl1) && !acknowledges_more)) return;
  c.snd_wnd = std::uint32_t{s.window} << c.snd_shift();
  c.snd_wl1 = later(c.snd_wl1, s.seq);
  if (c.unsent == nullptr) return;
  // Somebody waits for it.
  c.set(flag::send_now);
  if (c.snd_wnd > c.snd_wnd_max) c.snd_wnd_max = c.snd_wnd;
  if (c.sender_timer != SenderTimer::persist || c.snd_wnd == 0) return;
  c.sender_timer = SenderTimer::idle;
  c.backoff = 0;
}

inline void note_timestamp(ControlBlock& c, const Segment& s, const Context& context) noexcept {
  c.ts_recent = s.timestamps.value;
  c.stamped_day = context.now.day;
}

// REQUIRES: takes_fast_path().
void receive_fast(ControlBlock& c, Segment& s, const Context& context) noexcept;

// Any segment, in any state but CLOSED.
Next segment_arrives(ControlBlock& c, Segment& s, const Context& context) noexcept;

// The steps, in the order of 3.10.7.4; each stands in the file that is named.
Next check_sequence(ControlBlock& c, Segment& s, const Context& context) noexcept;  // first
Next check_reset(ControlBlock& c, Segment& s, const Context& context) noexcept;     // second
Next check_syn(ControlBlock& c, Segment& s, const Context& context) noexcept;       // fourth
Next process_ack(ControlBlock& c, Segment& s, const Context& context) noexcept;     // fifth: ack.cc
Next process_urgent(ControlBlock& c, Segment& s,
                    const Context& context) noexcept;  // sixth: receive.cc
Next process_text(ControlBlock& c, Segment& s, const Context& context) noexcept;  // seventh
Next process_fin(ControlBlock& c, Segment& s, const Context& context) noexcept;   // eighth
// 3.10.7.3: syn_sent.cc
Next segment_arrives_in_syn_sent(ControlBlock& c, Segment& s, const Context& context) noexcept;

// What the peer's SYN says of the connection: MSS, window scale, SACK, timestamps, ECN.
void take_syn_options(ControlBlock& c, const Segment& s, const Context& context) noexcept;

// The handshake is over, and its SYN had to be sent again so often: the path may be a bad one.
void begin_after(ControlBlock& c, std::uint8_t retransmissions) noexcept;

// The peer acknowledges up to `ack`, which is after SND.UNA (ack.cc).
void acknowledge_sent(ControlBlock& c, Seq ack, const Context& context) noexcept;
// Takes in-order payload into the receive queue (receive.cc). REQUIRES: s.bytes > 0.
void take_text(ControlBlock& c, Segment& s, const Context& context) noexcept;
// Notes that what is in order must be acknowledged, soon or at once (receive.cc).
void owe_ack(ControlBlock& c, const Context& context) noexcept;

void give_up(ControlBlock& c, Ending why) noexcept;
void enter_time_wait(ControlBlock& c, const Context& context) noexcept;

}  // namespace arrakis::extaris::tcp
