// rss.h: Receive Side Scaling: which of its queues a card gives a packet to. The hash is Toeplitz's
// over addresses and ports, as Microsoft's "RSS hashing functions" defines it and cards do it.
//
// Threads: any; constant once made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/address.h"

namespace arrakis::extaris {

class Rss {
 public:
  struct Settings {
    std::vector<std::uint8_t> key;      // 40 bytes or more
    std::vector<std::uint16_t> queues;  // the indirection table; a power of two
    bool hashes_ports_v4 = true;        // of TCP; otherwise the addresses alone
    bool hashes_ports_v6 = true;
  };

  // REQUIRES: is_sound(settings).
  explicit Rss(Settings settings) : settings_{std::move(settings)} {}
  static bool is_sound(const Settings& settings) noexcept;
  // What the driver of a DPDK port says; nothing: it does not, or does not spread TCP.
  static std::optional<Rss> of_port(std::uint16_t port);

  // Of a segment from `source` to `target`. REQUIRES: both of one family.
  std::uint16_t queue_of(const Endpoint& source, const Endpoint& target) const noexcept;

  static std::uint32_t hash(std::span<const std::uint8_t> key,
                            std::span<const std::uint8_t> input) noexcept;

 private:
  Settings settings_;
};

}  // namespace arrakis::extaris
