// dctcp.h: DCTCP (RFC 8257): the window shrinks by how many bytes were marked, not by whether any
// was. Needs a network that marks early, so it is never a default.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/seq.h"
#include "extaris/tcp/congestion_window.h"
#include "extaris/tcp/new_reno.h"

namespace arrakis::extaris::tcp {

class Dctcp {
 public:
  static constexpr std::string_view name = "dctcp";

  // RFC 8257, 3.3, once for every acknowledgment: `una` is what it acknowledges up to.
  void account(std::uint32_t acked, bool marked, Seq una, Seq nxt) noexcept {
    acked_ += acked;
    if (marked) marked_ += acked;
    if (una.not_after(window_end_) && started_) return;
    if (started_ && acked_ > 0) {
      const auto fraction = static_cast<std::uint32_t>((std::uint64_t{marked_} << shift) / acked_);
      alpha_ = alpha_ - (alpha_ >> gain_shift) + (fraction >> gain_shift);
    }
    started_ = true;
    window_end_ = nxt;
    acked_ = marked_ = 0;
  }

  std::uint32_t grow(const CongestionEvent& e) noexcept { return reno_.grow(e); }
  // Marks: cwnd * (1 - alpha / 2). A loss is a loss (3.5).
  std::uint32_t reduce(const CongestionEvent& e, bool by_mark) noexcept {
    if (!by_mark) return reno_.reduce(e, false);
    const auto off = static_cast<std::uint32_t>((std::uint64_t{e.cwnd} * alpha_) >> (shift + 1));
    return std::max(e.cwnd - off, 2 * e.mss);
  }
  void time_out(const CongestionEvent& e) noexcept { reno_.time_out(e); }

  // In 1024ths.
  std::uint32_t alpha() const noexcept { return alpha_; }

 private:
  static constexpr int shift = 10;
  static constexpr int gain_shift = 4;  // g = 1/16

  NewReno reno_;
  std::uint32_t alpha_ = 1u << shift;  // 4.2: conservative until something is known
  std::uint32_t acked_ = 0;
  std::uint32_t marked_ = 0;
  Seq window_end_;
  bool started_ = false;
};

}  // namespace arrakis::extaris::tcp
