#include "extaris/tcp/cubic.h"

#include <algorithm>
#include <cmath>

namespace arrakis::extaris::tcp {
namespace {

constexpr float c = 0.4F;                                  // RFC 9438, 5
constexpr float beta = 0.7F;                               // RFC 9438, 4.6
constexpr float reno_alpha = 3 * (1 - beta) / (1 + beta);  // RFC 9438, 4.3

float segments(std::uint32_t bytes, std::uint32_t mss) {
  return static_cast<float>(bytes) / static_cast<float>(mss);
}
float seconds(Duration d) { return static_cast<float>(d.ns) * 1e-9F; }

}  // namespace

// RFC 9438, 4.2
void Cubic::start_epoch(const CongestionEvent& e) noexcept {
  const float cwnd = segments(e.cwnd, e.mss);
  in_epoch_ = true;
  epoch_start_ = e.now;
  w_est_ = cwnd;
  credit_ = 0;
  if (w_max_ < cwnd) {  // nothing to come back to: slow start ended without a loss
    w_max_ = cwnd;
    k_ = 0;
  } else {
    k_ = std::cbrt((w_max_ - cwnd) / c);
  }
}

std::uint32_t Cubic::grow(const CongestionEvent& e) noexcept {
  if (!in_epoch_) start_epoch(e);
  const float cwnd = segments(e.cwnd, e.mss);
  const float t = seconds(e.now - epoch_start_);
  const auto w_cubic = [this](float at) {
    const float x = at - k_;
    return c * x * x * x + w_max_;
  };
  // 4.3: once it has passed the old window, the estimate grows as Reno does.
  const float alpha = w_est_ >= prior_ ? 1.0F : reno_alpha;
  w_est_ += alpha * segments(e.acked, e.mss) / cwnd;
  if (w_cubic(t) < w_est_) {
    credit_ = 0;
    return std::max(e.cwnd, static_cast<std::uint32_t>(w_est_ * static_cast<float>(e.mss)));
  }
  // 4.4 and 4.5: towards where the function will be one round trip from now.
  const float target =
      std::clamp(w_cubic(t + static_cast<float>(e.srtt_us) * 1e-6F), cwnd, 1.5F * cwnd);
  credit_ += (target - cwnd) / cwnd * segments(e.acked, e.mss);
  const float whole = std::floor(credit_ * static_cast<float>(e.mss));
  credit_ -= whole / static_cast<float>(e.mss);
  return e.cwnd + static_cast<std::uint32_t>(whole);
}

// RFC 9438, 4.6 and 4.7
std::uint32_t Cubic::reduce(const CongestionEvent& e, bool) noexcept {
  const float cwnd = segments(e.cwnd, e.mss);
  prior_ = cwnd;
  w_max_ = cwnd < w_max_ ? cwnd * (1 + beta) / 2 : cwnd;  // fast convergence
  in_epoch_ = false;
  const auto reduced = static_cast<std::uint32_t>(static_cast<float>(e.flight) * beta);
  return std::max(reduced, 2 * e.mss);
}

// RFC 9438, 4.8
void Cubic::time_out(const CongestionEvent&) noexcept { in_epoch_ = false; }

}  // namespace arrakis::extaris::tcp
