// cable.h: two hosts on one bad cable: their addresses, and how bad it is, from a seed.
#pragma once

#include <cstdint>
#include <string>

#include "base/address.h"
#include "base/random.h"
#include "extaris/netdev/sim_link.h"
#include "extaris/stack/config.h"

namespace arrakis::sim {

struct Cable {
  extaris::SimFaults faults;
  extaris::SimOptions options;
};

// How bad a cable may be. Of its rates, what those that are not absent are at the least.
struct Severity {
  extaris::SimFaults least;
  std::uint64_t spread;        // a rate is at the least + random below this
  std::uint64_t absent_in;     // one in so many faults is absent, so that each is met alone too
  std::uint64_t delay_us_max;  // excluded, as is the next
  std::uint64_t jitter_us_max;
};

inline Cable make_cable(Random random, const Severity& severity) {
  const auto rate = [&](std::uint32_t least) -> std::uint32_t {
    return random.once_in(severity.absent_in)
               ? 0
               : static_cast<std::uint32_t>(least + random.below(severity.spread));
  };
  const auto below = [&random](std::uint64_t us) {
    return Duration::microseconds(static_cast<std::int64_t>(random.below(us)));
  };
  const extaris::SimFaults& least = severity.least;
  Cable cable{.faults = {.loss = rate(least.loss),
                         .duplicate = rate(least.duplicate),
                         .corrupt = rate(least.corrupt),
                         .reorder = rate(least.reorder),
                         .delay = below(severity.delay_us_max),
                         .jitter = below(severity.jitter_us_max)},
              .options = {}};
  cable.options.mtu_bytes = static_cast<std::uint16_t>(1'280 + random.below(300));
  if (random.once_in(4)) {  // without checksums only a wire that damages nothing makes sense
    cable.options.receive_checksum = extaris::Checksum::unneeded;
    cable.options.transmit_checksum = extaris::Checksum::unneeded;
    cable.faults.corrupt = 0;
  }
  return cable;
}

// Hosts have numbers from 1 on.
inline IpAddress host_address(int host, bool is_v4) {
  return *IpAddress::parse((is_v4 ? "10.0.0." : "fd00::") + std::to_string(host));
}

inline extaris::StackConfig host_config(int host, std::uint64_t seed) {
  return {.addresses = {{host_address(host, true), 24}, {host_address(host, false), 64}},
          .routes = {},
          .neighbors = {},
          .seed = seed};
}

}  // namespace arrakis::sim
