// round_trip.h: the round-trip time and the retransmission timeout that follows from it (RFC 6298).
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/instant.h"
#include "extaris/tcp/limits.h"

namespace arrakis::extaris::tcp {

class RoundTrip {
 public:
  bool is_known() const noexcept { return srtt_8us_ != 0; }
  std::uint32_t srtt_us() const noexcept { return srtt_8us_ / 8; }
  std::uint32_t variation_us() const noexcept { return rttvar_4us_ / 4; }

  // Section 2.2 and 2.3, with alpha = 1/8 and beta = 1/4: the fractions are kept in the scale.
  void sample(Duration rtt) noexcept {
    const auto us = static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(rtt.ns / 1'000, 1, Duration::seconds(100).ns / 1'000));
    if (!is_known()) {
      srtt_8us_ = 8 * us;
      rttvar_4us_ = 2 * us;
      return;
    }
    const std::uint32_t off = us > srtt_us() ? us - srtt_us() : srtt_us() - us;
    rttvar_4us_ = rttvar_4us_ - rttvar_4us_ / 4 + off;
    srtt_8us_ = std::max(srtt_8us_ - srtt_8us_ / 8 + us, 1u);
  }

  // Section 5.7: even the SYN had to be sent again.
  void begin_with_care() noexcept {
    if (!is_known()) rttvar_4us_ = limits::rto_after_lost_syn.ns / 1'000;
  }

  // Before it is backed off (section 5.5).
  Duration timeout() const noexcept { return Duration::microseconds(timeout_us()); }
  std::uint32_t timeout_us() const noexcept {
    if (!is_known()) return rttvar_4us_ == 0 ? us_of(limits::rto_initial) : rttvar_4us_;
    return std::clamp(srtt_us() + rttvar_4us_, us_of(limits::rto_min), us_of(limits::rto_max));
  }

 private:
  static constexpr std::uint32_t us_of(Duration d) noexcept {
    return static_cast<std::uint32_t>(d.ns / 1'000);
  }

  std::uint32_t srtt_8us_ = 0;
  std::uint32_t rttvar_4us_ = 0;
};

}  // namespace arrakis::extaris::tcp
