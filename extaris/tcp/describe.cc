#include "extaris/tcp/describe.h"

#include "extaris/tcp/congestion.h"
#include "extaris/tcp/timers.h"

namespace arrakis::extaris::tcp {
namespace {

TcpTimer timer_of(SenderTimer timer) {
  switch (timer) {
    case SenderTimer::idle: return TcpTimer::none;
    case SenderTimer::retransmit: return TcpTimer::retransmit;
    case SenderTimer::loss_probe: return TcpTimer::loss_probe;
    case SenderTimer::reorder: return TcpTimer::reorder;
    case SenderTimer::persist: return TcpTimer::persist;
  }
  return TcpTimer::none;
}

TcpTimer timer_of(LifeTimer timer) {
  switch (timer) {
    case LifeTimer::idle: return TcpTimer::none;
    case LifeTimer::keepalive: return TcpTimer::keepalive;
    case LifeTimer::linger: return TcpTimer::linger;
    case LifeTimer::fin_wait_2: return TcpTimer::fin_wait_2;
    case LifeTimer::time_wait: return TcpTimer::time_wait;
  }
  return TcpTimer::none;
}

// Which of the timers is the one that earliest_due() found.
TcpTimer timer_due(const ControlBlock& c, Tick due, Tick now) {
  if (c.sender_timer != SenderTimer::idle && c.sender_due == due) return timer_of(c.sender_timer);
  if (c.has(flag::ack_delayed) && ack_due(c, now) == due) return TcpTimer::delayed_ack;
  return timer_of(c.life_timer);
}

CongestionControl congestion_of(const CongestionState& state) {
  if (std::holds_alternative<NewReno>(state)) return CongestionControl::new_reno;
  if (std::holds_alternative<Dctcp>(state)) return CongestionControl::dctcp;
  return CongestionControl::cubic;
}

// Sequence numbers count SYN and FIN too (RFC 9293, 3.4); bytes do not.
std::uint32_t acknowledged_bytes(const ControlBlock& c) {
  if (!is_synchronized(c.state)) return 0;
  const Seq text_end = c.snd_una.after(c.snd_end) ? c.snd_end : c.snd_una;
  return text_end - c.iss - 1;
}

std::uint32_t received_bytes(const ControlBlock& c) {
  if (!is_synchronized(c.state)) return 0;
  const bool fin_came = !may_receive(c.state);
  return c.rcv_nxt - c.irs - (fin_came ? 2 : 1);
}

}  // namespace

TcpInfo describe(const ControlBlock& c, Tick now) noexcept {
  const bool synchronized = is_synchronized(c.state);
  const std::optional<Tick> due = earliest_due(c, now);
  return {
      .state = to_string(c.state),
      .congestion_control = name_of(c.congestion),
      .state_number = static_cast<std::uint8_t>(c.state),
      .congestion = congestion_of(c.congestion),
      .timer = due ? timer_due(c, *due, now) : TcpTimer::none,
      .backoff = c.backoff,
      .send_scale = static_cast<std::uint8_t>(c.snd_shift()),
      .receive_scale = static_cast<std::uint8_t>(c.rcv_shift()),
      .timestamps = c.has(flag::timestamps),
      .sack = c.has(flag::sack),
      .ecn = c.has(flag::ecn),
      .timer_ms = due && !has_come(*due, now) ? *due - now : 0,
      .unsent_bytes = synchronized && c.snd_end.after(c.snd_nxt) ? c.snd_end - c.snd_nxt : 0,
      .unacknowledged_bytes = c.flight(),
      .unread_bytes = c.readable(),
      .congestion_window_bytes = c.cwnd,
      .slow_start_threshold_bytes = c.ssthresh,
      .peer_window_bytes = c.snd_wnd,
      .receive_window_bytes = c.rcv_wnd(),
      .round_trip_us = c.rtt.srtt_us(),
      .round_trip_variation_us = c.rtt.variation_us(),
      .retransmission_timeout_ms =
          static_cast<std::uint32_t>(c.rtt.timeout().ns / Duration::milliseconds(1).ns),
      .segment_bytes = c.mss,
      .retransmitted_segments = c.retransmitted_segments,
      .acknowledged_bytes = acknowledged_bytes(c),
      .received_bytes = received_bytes(c),
  };
}

}  // namespace arrakis::extaris::tcp
