#include "extaris/tcp/congestion.h"

#include <algorithm>

#include "extaris/tcp/connection.h"

namespace arrakis::extaris::tcp {
namespace {

CongestionEvent event_of(const ControlBlock& c, std::uint32_t acked, Instant now) {
  return {.cwnd = c.cwnd,
          .ssthresh = c.ssthresh,
          .mss = std::max<std::uint32_t>(c.mss, 1),
          .flight = c.flight(),
          .acked = acked,
          .srtt_us = c.rtt.srtt_us(),
          .now = now};
}

}  // namespace

CongestionState make_congestion_state(CongestionControl which) noexcept {
  switch (which) {
    case CongestionControl::cubic: return Cubic{};
    case CongestionControl::new_reno: return NewReno{};
    case CongestionControl::dctcp: return Dctcp{};
  }
  return Cubic{};
}

std::string_view name_of(const CongestionState& state) noexcept {
  return std::visit([](const auto& control) { return control.name; }, state);
}

void grow_window(ControlBlock& c, std::uint32_t bytes, Instant now) noexcept {
  // RFC 5681, 3.1, with RFC 3465: bytes are counted, not acknowledgments.
  if (c.cwnd < c.ssthresh) {
    const std::uint32_t step = std::min(bytes, c.ssthresh - c.cwnd);
    c.cwnd = std::min(c.cwnd + step, limits::congestion_window_max);
    bytes -= step;
  }
  if (bytes == 0) return;
  const CongestionEvent event = event_of(c, bytes, now);
  const std::uint32_t cwnd =
      std::visit([&](auto& control) { return control.grow(event); }, c.congestion);
  c.cwnd = std::min(cwnd, limits::congestion_window_max);
}

std::uint32_t threshold_after_congestion(ControlBlock& c, Instant now, bool by_mark) noexcept {
  const CongestionEvent event = event_of(c, 0, now);
  return std::visit([&](auto& control) { return control.reduce(event, by_mark); }, c.congestion);
}

void collapse_window(ControlBlock& c, Instant now) noexcept {
  const CongestionEvent event = event_of(c, 0, now);
  std::visit([&](auto& control) { control.time_out(event); }, c.congestion);
  c.cwnd = c.mss;
}

std::uint32_t initial_window(std::uint32_t mss) noexcept {
  return std::min(limits::initial_window_segments * mss,
                  std::max(2 * mss, limits::initial_window_bytes));
}

}  // namespace arrakis::extaris::tcp
