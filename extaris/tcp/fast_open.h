// fast_open.h: the cookies of TCP Fast Open (RFC 7413) that peers gave us, by their address.
//
// A few peers only: whoever speaks with more pays one round trip with those that were longest ago.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/address.h"
#include "extaris/tcp/limits.h"
#include "extaris/wire/tcp.h"

namespace arrakis::extaris::tcp {

class FastOpenCookies {
 public:
  struct Peer {
    IpAddress address;
    std::uint16_t mss = 0;  // that it announced beside the cookie (4.1.3)
    std::uint8_t size = 0;  // 0: this place is free
    std::array<std::byte, tcp_option::cookie_bytes_max> bytes{};

    std::span<const std::byte> cookie() const noexcept { return std::span{bytes}.first(size); }
  };

  // nullptr: it gave us none.
  const Peer* find(const IpAddress& address) const noexcept {
    for (const Peer& peer : peers_)
      if (peer.size > 0 && peer.address == address) return &peer;
    return nullptr;
  }
  void store(const IpAddress& address, std::span<const std::byte> cookie,
             std::uint16_t mss) noexcept {
    forget(address);
    Peer& peer = peers_[next_++ % peers_.size()];
    peer.address = address;
    peer.mss = mss;
    peer.size = static_cast<std::uint8_t>(std::min(cookie.size(), peer.bytes.size()));
    std::ranges::copy(cookie.first(peer.size), peer.bytes.begin());
  }
  void forget(const IpAddress& address) noexcept {
    for (Peer& peer : peers_)
      if (peer.address == address) peer.size = 0;
  }

 private:
  std::array<Peer, limits::fast_open_peers> peers_{};
  std::size_t next_ = 0;
};

}  // namespace arrakis::extaris::tcp
