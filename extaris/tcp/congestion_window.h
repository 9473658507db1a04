// congestion_window.h: what a congestion control is told.
#pragma once

#include <cstdint>

#include "base/instant.h"
#include "base/seq.h"

namespace arrakis::extaris::tcp {

struct CongestionEvent {
  std::uint32_t cwnd;       // bytes
  std::uint32_t ssthresh;   // bytes
  std::uint32_t mss;        // bytes
  std::uint32_t flight;     // bytes sent and not acknowledged
  std::uint32_t acked = 0;  // bytes, by this acknowledgment
  std::uint32_t srtt_us = 0;
  Instant now;
};

}  // namespace arrakis::extaris::tcp
