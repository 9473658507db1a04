#include "tests/sim/tcp/network.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "extaris/packet/bytes.h"
#include "extaris/packet/copy.h"
#include "extaris/wire/ethernet.h"

namespace arrakis::sim {
namespace {

using extaris::Burst;
using extaris::Packet;

constexpr MacAddress switch_mac{{2, 0, 0, 0, 1, 0}};

MacAddress mac_of(std::size_t host) { return {{2, 0, 0, 0, 0, static_cast<std::uint8_t>(host)}}; }

}  // namespace

Network::Network(extaris::PacketPool& pool, std::size_t hosts, const Cable& cable,
                 std::uint64_t seed)
    : pool_{pool} {
  for (std::size_t i = 0; i < hosts; ++i) {
    extaris::SimOptions options = cable.options;
    options.macs = {mac_of(i), switch_mac};
    extaris::SimFaults faults = cable.faults;
    if (i != 0) faults.corrupt = 0;
    cables_.push_back(std::make_unique<extaris::SimLink>(pool, faults, seed + i, options));
  }
}

void Network::advance(Instant now) noexcept {
  for (const auto& cable : cables_) cable->advance(now);
  for (std::size_t from = 0; from < cables_.size(); ++from) forward(from);
}

void Network::forward(std::size_t from) noexcept {
  while (true) {
    Burst burst;
    cables_[from]->end(1).receive(burst);
    if (burst.empty()) return;
    for (std::size_t i = 0; i < burst.size(); ++i) {
      Packet frame = burst.take(i);
      if (size(frame) < sizeof(extaris::EthernetHeader)) continue;
      MacAddress target;
      std::memcpy(&target, bytes(frame).data(), sizeof target);
      if (target.is_multicast()) {
        for (std::size_t to = 0; to < cables_.size(); ++to)
          if (to != from) send(to, copy_of(frame, pool_));
      } else if (const std::size_t to = target.bytes[5];
                 to < cables_.size() && target == mac_of(to)) {
        send(to, std::move(frame));
      }
    }
  }
}

// What there is no room for is dropped with the burst.
void Network::send(std::size_t to, Packet frame) noexcept {
  if (!frame) return;
  Burst burst;
  burst.append(std::move(frame));
  cables_[to]->end(1).transmit(burst);
}

void Network::set_faults(const extaris::SimFaults& faults) noexcept {
  for (const auto& cable : cables_) cable->set_faults(faults);
}

extaris::SimCounters Network::counters() const noexcept {
  extaris::SimCounters sum;
  for (const auto& cable : cables_) {
    const extaris::SimCounters& c = cable->counters();
    sum.taken += c.taken;
    sum.delivered += c.delivered;
    sum.lost += c.lost;
    sum.duplicated += c.duplicated;
    sum.corrupted += c.corrupted;
    sum.reordered += c.reordered;
    sum.oversized += c.oversized;
    sum.no_buffer += c.no_buffer;
  }
  return sum;
}

}  // namespace arrakis::sim
