#include "extaris/ip/path_mtu.h"

#include <algorithm>
#include <limits>
#include <span>

#include "extaris/wire/ipv6.h"

namespace arrakis::extaris {
namespace {

constexpr Instant forever{std::numeric_limits<std::int64_t>::max()};

// Below that a router for IPv4 has no business, and a forged message would have us send crumbs;
// 552 is Linux's min_pmtu.
constexpr std::uint32_t ipv4_floor = 552;

}  // namespace

PathMtu::Known PathMtu::to(const IpAddress& target, Instant now) const noexcept {
  for (std::size_t i = 0; i < used_; ++i)
    if (entries_[i].target == target && now < entries_[i].until)
      return {std::min(entries_[i].mtu_bytes, link_mtu_), entries_[i].until};
  return {link_mtu_, forever};
}

bool PathMtu::lower(const IpAddress& target, std::uint32_t mtu_bytes, Instant now) noexcept {
  // RFC 8201, 4: less than every link of IPv6 has must be discarded.
  if (!target.is_v4() && mtu_bytes < ipv6::mtu_bytes_min) return false;
  if (target.is_v4()) mtu_bytes = std::max(mtu_bytes, ipv4_floor);
  if (mtu_bytes >= to(target, now).mtu_bytes) return false;  // never grows on a router's word
  const auto in_use = std::span{entries_}.first(used_);
  auto place = std::ranges::find(in_use, target, &Entry::target);
  if (place == in_use.end()) {
    if (used_ < entries_.size()) ++used_;
    // The one that is believed the shortest time from now on; a fresh one is in the past.
    place = std::ranges::min_element(std::span{entries_}.first(used_), {}, &Entry::until);
  }
  *place = {target, now + limits::path_mtu_lifetime, static_cast<std::uint16_t>(mtu_bytes)};
  return true;
}

}  // namespace arrakis::extaris
