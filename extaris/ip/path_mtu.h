// path_mtu.h: what routers said about how large packets on the way to a host may be (RFC 1191,
// RFC 8201). Bounded; what is said is believed for a while.
//
// Threads: those of the stack. Time: an argument.
#pragma once

#include <array>
#include <cstdint>

#include "base/address.h"
#include "base/instant.h"
#include "extaris/stack/config.h"

namespace arrakis::extaris {

class PathMtu {
 public:
  explicit PathMtu(std::uint16_t link_mtu_bytes) noexcept : link_mtu_{link_mtu_bytes} {}

  struct Known {
    std::uint16_t mtu_bytes;
    Instant until;
  };
  Known to(const IpAddress& target, Instant now) const noexcept;

  // A router wants packets to `target` to be no longer than this. False: nothing changed, because
  // it is no news, or no honest router says that.
  bool lower(const IpAddress& target, std::uint32_t mtu_bytes, Instant now) noexcept;

 private:
  struct Entry {
    IpAddress target;
    Instant until;  // the past: not in use
    std::uint16_t mtu_bytes = 0;
  };

  std::uint16_t link_mtu_;
  std::uint16_t used_ = 0;  // entries that were ever in use stand in front
  std::array<Entry, limits::path_mtus_max> entries_{};
};

}  // namespace arrakis::extaris
