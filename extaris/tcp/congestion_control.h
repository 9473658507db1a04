// congestion_control.h: which there are.
#pragma once

#include <cstdint>

namespace arrakis::extaris::tcp {

enum class CongestionControl : std::uint8_t {
  cubic,     // RFC 9438
  new_reno,  // RFC 5681
  dctcp,     // RFC 8257
};

}  // namespace arrakis::extaris::tcp
