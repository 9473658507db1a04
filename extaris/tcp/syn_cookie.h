// syn_cookie.h: a connection request remembered by its answer (RFC 4987, 3.6): the initial sequence
// number says what the SYN said, and nobody else can have made it up.
//
// 5 bits when it was made, 3 bits MSS, 24 bits of a keyed hash over both ends and the peer's own
// sequence number. If the peer sends timestamps, the low bits of ours bring the other options back.
#pragma once

#include <cstdint>
#include <optional>

#include "base/instant.h"
#include "extaris/tcp/secrets.h"
#include "extaris/wire/tcp.h"

namespace arrakis::extaris::tcp {

// What of a SYN outlives it.
struct CookieContent {
  std::uint16_t peer_mss;
  bool sack_permitted = false;
  std::optional<std::uint8_t> window_scale;
};

class SynCookies {
 public:
  explicit SynCookies(const Secrets& secrets) noexcept : secrets_{secrets} {}

  Seq make(const IpAddress& local, const Flow& flow, Seq peer, std::uint16_t peer_mss,
           Instant now) const noexcept;
  // The MSS; nothing: not a cookie of ours, or too old.
  std::optional<std::uint16_t> check(const IpAddress& local, const Flow& flow, Seq peer, Seq cookie,
                                     Instant now) const noexcept;

  // The other options in and out of a timestamp.
  static std::uint32_t hide(std::uint32_t timestamp, const TcpOptions& options) noexcept;
  static CookieContent reveal(std::uint32_t timestamp) noexcept;

 private:
  std::uint32_t hash(const IpAddress& local, const Flow& flow, Seq peer,
                     std::uint32_t public_bits) const noexcept;

  const Secrets& secrets_;
};

}  // namespace arrakis::extaris::tcp
