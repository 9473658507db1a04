// network.h: hosts around a switch, each on a cable of its own that is as bad as the others.
//
// The switch knows who is where by the MAC address, floods what is for a group, and drops what it
// has no room for, as switches do. Only the first host's cable damages frames: of two flipped bits,
// one on each cable, the second can hide the first from a checksum.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/instant.h"
#include "extaris/netdev/sim_link.h"
#include "tests/sim/cable.h"

namespace arrakis::sim {

class Network {
 public:
  // REQUIRES: hosts <= 255. Borrows the pool.
  Network(extaris::PacketPool& pool, std::size_t hosts, const Cable& cable, std::uint64_t seed);

  extaris::NetDevice& port(std::size_t host) noexcept { return cables_[host]->end(0); }
  void advance(Instant now) noexcept;
  // On the cable of one host.
  std::optional<Instant> next_event(std::size_t host) const noexcept {
    return cables_[host]->next_event();
  }
  // Until then the host's device takes nothing to transmit.
  void pause(std::size_t host, Instant until) noexcept { cables_[host]->pause(0, until); }
  void set_faults(const extaris::SimFaults& faults) noexcept;
  // Of all cables together.
  extaris::SimCounters counters() const noexcept;

 private:
  void forward(std::size_t from) noexcept;
  void send(std::size_t to, extaris::Packet frame) noexcept;

  extaris::PacketPool& pool_;
  std::vector<std::unique_ptr<extaris::SimLink>> cables_;  // end 1 is the switch's
};

}  // namespace arrakis::sim
