#include "extaris/tcp/syn_cookie.h"

#include <algorithm>
#include <array>

namespace arrakis::extaris::tcp {
namespace {

constexpr Duration period = Duration::seconds(32);
constexpr std::uint32_t valid_periods = 3;
constexpr std::uint32_t hash_mask = 0x00ff'ffff;
// Ascending; what peers announce in practice.
constexpr std::array<std::uint16_t, 8> sizes{64, 536, 1220, 1300, 1360, 1440, 1460, 8960};

constexpr std::uint32_t hidden_bits = 6;  // four of scale, has scale, has SACK
constexpr std::uint32_t scale_mask = 0xf, has_scale = 0x10, has_sack = 0x20;

std::uint32_t period_of(Instant now) { return static_cast<std::uint32_t>(now.ns / period.ns) & 31; }

}  // namespace

std::uint32_t SynCookies::hash(const IpAddress& local, const Flow& flow, Seq peer,
                               std::uint32_t public_bits) const noexcept {
  const std::uint64_t purpose =
      std::uint64_t{peer.raw()} << 16 | std::uint64_t{public_bits} << 8 | 4;
  return static_cast<std::uint32_t>(secrets_.of(flow, local, purpose)) & hash_mask;
}

Seq SynCookies::make(const IpAddress& local, const Flow& flow, Seq peer, std::uint16_t peer_mss,
                     Instant now) const noexcept {
  std::uint32_t size = 0;
  while (size + 1 < sizes.size() && sizes[size + 1] <= peer_mss) ++size;
  const std::uint32_t public_bits = period_of(now) << 3 | size;
  return Seq{public_bits << 24 | hash(local, flow, peer, public_bits)};
}

std::optional<std::uint16_t> SynCookies::check(const IpAddress& local, const Flow& flow, Seq peer,
                                               Seq cookie, Instant now) const noexcept {
  const std::uint32_t public_bits = cookie.raw() >> 24;
  const std::uint32_t age = (period_of(now) - (public_bits >> 3)) & 31;
  if (age >= valid_periods) return std::nullopt;
  if ((cookie.raw() & hash_mask) != hash(local, flow, peer, public_bits)) return std::nullopt;
  return sizes[public_bits & 7];
}

std::uint32_t SynCookies::hide(std::uint32_t timestamp, const TcpOptions& options) noexcept {
  std::uint32_t hidden = options.sack_permitted ? has_sack : 0;
  if (options.window_scale) hidden |= has_scale | (*options.window_scale & scale_mask);
  // Never later than the clock says.
  const std::uint32_t base = (timestamp >> hidden_bits << hidden_bits) | hidden;
  return static_cast<std::int32_t>(base - timestamp) > 0 ? base - (1u << hidden_bits) : base;
}

CookieContent SynCookies::reveal(std::uint32_t timestamp) noexcept {
  CookieContent content{.peer_mss = 0, .sack_permitted = (timestamp & has_sack) != 0};
  if ((timestamp & has_scale) != 0)
    content.window_scale = static_cast<std::uint8_t>(
        std::min<std::uint32_t>(timestamp & scale_mask, tcp_option::window_scale_max));
  return content;
}

}  // namespace arrakis::extaris::tcp
