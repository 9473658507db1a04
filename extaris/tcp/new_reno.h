// new_reno.h: RFC 5681 with RFC 3465's counting of bytes: a segment a round trip, half at a loss.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "extaris/tcp/congestion_window.h"

namespace arrakis::extaris::tcp {

class NewReno {
 public:
  static constexpr std::string_view name = "newreno";

  // Congestion avoidance: the new window.
  std::uint32_t grow(const CongestionEvent& e) noexcept {
    counted_ += e.acked;
    if (counted_ < e.cwnd) return e.cwnd;
    counted_ -= e.cwnd;
    return e.cwnd + e.mss;
  }
  // RFC 5681, equation 4.
  std::uint32_t reduce(const CongestionEvent& e, bool) noexcept {
    counted_ = 0;
    return std::max(e.flight / 2, 2 * e.mss);
  }
  void time_out(const CongestionEvent&) noexcept { counted_ = 0; }

 private:
  std::uint32_t counted_ = 0;  // bytes acknowledged since the window last grew
};

}  // namespace arrakis::extaris::tcp
