// rate.h: what a queue may carry a second.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace arrakis::control {

struct Rate {
  std::uint64_t bits_per_second = 0;  // of Ethernet frames without preamble and FCS; 0: no limit

  bool limited() const { return bits_per_second != 0; }
  friend auto operator<=>(const Rate&, const Rate&) = default;
};

// "100M", "2.5G", "64k", "1000000": bits a second, decimal multiples; "none": no limit.
Outcome<Rate> parse_rate(std::string_view text);
std::string to_string(Rate rate);  // shortest exact form: "100M", "none"

}  // namespace arrakis::control
