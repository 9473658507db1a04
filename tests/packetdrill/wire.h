// wire.h: the device under the host: raw IP packets in, and out with the time they left.
#pragma once

#include <cstddef>
#include <deque>
#include <span>
#include <vector>

#include "base/instant.h"
#include "extaris/netdev/net_device.h"

namespace arrakis::packetdrill {

class Wire final : public extaris::NetDevice {
 public:
  static constexpr MacAddress host_mac{{2, 0, 0, 0, 0, 1}};
  static constexpr MacAddress router_mac{{2, 0, 0, 0, 0, 2}};

  struct Sent {
    Instant at;
    std::vector<std::byte> packet;
  };

  Wire(extaris::PacketPool& pool, std::uint16_t mtu_bytes)
      : info_{.mac = host_mac, .mtu_bytes = mtu_bytes}, pool_{pool} {}

  // False: it is no IP packet, or too large.
  bool give(std::span<const std::byte> packet);
  // Link-layer talk (ARP, neighbor discovery) is left out.
  std::deque<Sent>& sent() { return sent_; }
  void set_time(Instant now) { now_ = now; }

  const extaris::DeviceInfo& info() const noexcept override { return info_; }
  extaris::PacketPool& pool() noexcept override { return pool_; }
  void receive(extaris::Burst& burst) noexcept override;
  void transmit(extaris::Burst& burst) noexcept override;

 private:
  extaris::DeviceInfo info_;
  extaris::PacketPool& pool_;
  std::deque<extaris::Packet> inbox_;
  std::deque<Sent> sent_;
  Instant now_{};
};

}  // namespace arrakis::packetdrill
