// Socket options: what a connection is told while it lives.
#include "extaris/tcp/tcp_options.h"

#include <algorithm>
#include <bit>

#include "extaris/tcp/congestion.h"
#include "extaris/tcp/limits.h"
#include "extaris/tcp/tcp_connection.h"
#include "extaris/tcp/tcp_layer.h"
#include "extaris/tcp/timers.h"

namespace arrakis::extaris {

using tcp::ControlBlock;
using tcp::State;
namespace flag = tcp::flag;

namespace {

std::uint32_t to_ms(Duration duration) {
  return static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(duration.ns / 1'000'000, 0, std::int32_t{INT32_MAX}));
}

constexpr std::uint8_t window_scale_max = 14;  // RFC 7323, 2.3

// The buffer that holds that many bytes, within the limits.
std::uint8_t log2_of(std::size_t bytes) {
  constexpr std::size_t most = std::size_t{1} << tcp::limits::buffer_log2_max;
  const auto log2 = static_cast<std::uint8_t>(std::bit_width(std::min(bytes, most) - 1));
  return bytes == 0 ? tcp::limits::buffer_log2_min : std::max(log2, tcp::limits::buffer_log2_min);
}

}  // namespace

void TcpLayer::apply(ControlBlock& c, const TcpSettings& settings) noexcept {
  using tcp::limits::buffer_log2_max;
  using tcp::limits::buffer_log2_min;
  c.receive_log2 = std::clamp(settings.receive_buffer_log2, buffer_log2_min, buffer_log2_max);
  c.send_log2 = std::clamp(settings.send_buffer_log2, buffer_log2_min, buffer_log2_max);
  const std::uint8_t scale =
      std::max(settings.window_scale.value_or(0), tcp::scale_for(c.receive_log2));
  c.shifts = static_cast<std::uint8_t>(std::min(scale, window_scale_max) << 4);
  if (settings.timestamps) c.set(flag::timestamps);
  if (settings.sack) c.set(flag::sack);
  if (settings.no_delay) c.set(flag::no_delay);
  c.congestion = tcp::make_congestion_state(settings.congestion);
  if (settings.keepalive) set_keepalive(c, settings.keepalive);
  c.user_timeout_ms = to_ms(settings.user_timeout);
  if (settings.linger) c.linger_ms = to_ms(*settings.linger);
}

void TcpLayer::set_keepalive(ControlBlock& c,
                             const std::optional<TcpKeepalive>& keepalive) noexcept {
  const TcpKeepalive k = keepalive.value_or(TcpKeepalive{});
  c.keepalive_idle_ms = keepalive ? std::max(to_ms(k.idle), 1u) : 0;
  c.keepalive_interval_ms = std::max(to_ms(k.interval), 1u);
  c.keepalive_probes = k.probes;
  c.keepalives_sent = 0;
  if (keepalive)
    c.set(flag::keepalive);
  else
    c.clear(flag::keepalive);
  if (c.state != State::established && c.state != State::close_wait) return;
  c.last_received = now_.tick;
  c.life_timer = keepalive ? tcp::LifeTimer::keepalive : tcp::LifeTimer::idle;
  c.life_due = now_.tick + c.keepalive_idle_ms;
  settle(c);
}

void TcpConnection::set_no_delay(bool on) noexcept {
  if (!on) return block_->clear(flag::no_delay);
  block_->set(flag::no_delay | flag::send_now);
  layer_->settle(*block_);
}

void TcpConnection::set_keepalive(const std::optional<TcpKeepalive>& keepalive) noexcept {
  layer_->set_keepalive(*block_, keepalive);
}

void TcpConnection::set_user_timeout(Duration timeout) noexcept {
  block_->user_timeout_ms = to_ms(timeout);
}

void TcpConnection::set_linger(std::optional<Duration> linger) noexcept {
  block_->linger_ms = linger ? to_ms(*linger) : tcp::no_linger;
}

void TcpConnection::set_congestion_control(tcp::CongestionControl which) noexcept {
  block_->congestion = tcp::make_congestion_state(which);
}

std::size_t TcpConnection::set_receive_buffer(std::size_t bytes) noexcept {
  block_->receive_log2 = log2_of(bytes);
  return block_->receive_buffer();
}

std::size_t TcpConnection::set_send_buffer(std::size_t bytes) noexcept {
  block_->send_log2 = log2_of(bytes);
  return block_->send_buffer();
}

}  // namespace arrakis::extaris
