// cubic.h: CUBIC (RFC 9438): the window is a cubic function of the time since the last loss, flat
// where that loss was, and never grows slower than Reno would.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/instant.h"
#include "extaris/tcp/congestion_window.h"

namespace arrakis::extaris::tcp {

class Cubic {
 public:
  static constexpr std::string_view name = "cubic";

  std::uint32_t grow(const CongestionEvent& e) noexcept;
  std::uint32_t reduce(const CongestionEvent& e, bool by_mark) noexcept;
  void time_out(const CongestionEvent& e) noexcept;

 private:
  void start_epoch(const CongestionEvent& e) noexcept;

  // In segments and seconds, as in the RFC.
  float w_max_ = 0;   // window before the last reduction
  float k_ = 0;       // time until the window is there again
  float w_est_ = 0;   // what Reno would have by now
  float prior_ = 0;   // cwnd_prior: the window when the last reduction began
  float credit_ = 0;  // fractions of a segment not yet added
  bool in_epoch_ = false;
  Instant epoch_start_{};
};

}  // namespace arrakis::extaris::tcp
