// listener.h: LISTEN (RFC 9293, 3.3.2): who may connect, and who has and was not accepted yet.
#pragma once

#include <cstdint>
#include <optional>

#include "base/address.h"
#include "extaris/stack/config.h"
#include "extaris/tcp/index_ring.h"

namespace arrakis::extaris::tcp {

struct Listener {
  static constexpr std::uint16_t none = 0xffff;

  IndexRing backlog{1};  // established, oldest first
  Endpoint local;        // address any: all of ours; port 0: this place is free
  std::uint32_t backlog_max = 0;
  std::uint32_t half_open = 0;
  std::uint16_t next = none;  // another on the same port, or in the free list
  bool has_news = false;
  TcpSettings settings;

  bool takes(const IpAddress& address) const noexcept {
    if (!local.address.is_any()) return local.address == address;
    return !local.address.is_v4() || address.is_v4();
  }
};

}  // namespace arrakis::extaris::tcp
