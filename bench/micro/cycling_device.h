// cycling_device.h: a device without a wire: the same few frames arrive for ever, and what is sent
// is what arrives next. Does what a driver does a packet: it writes the frame's headers, as the
// hardware would have, and the mbuf's fields.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include "extaris/netdev/net_device.h"
#include "extaris/packet/bytes.h"

namespace arrakis::bench {

class CyclingDevice final : public extaris::NetDevice {
 public:
  static constexpr std::size_t burst_packets = 32;

  // `frame`: what arrives every time.
  CyclingDevice(extaris::PacketPool& pool, const extaris::DeviceInfo& info,
                std::span<const std::byte> frame)
      : info_{info}, pool_{pool}, frame_{frame.begin(), frame.end()} {
    for (std::size_t i = 0; i < burst_packets; ++i) {
      extaris::Packet packet = pool.allocate();
      extaris::resize(packet, frame.size());
      std::memcpy(extaris::bytes(packet).data(), frame.data(), frame.size());
      idle_.append(std::move(packet));
    }
  }

  const extaris::DeviceInfo& info() const noexcept override { return info_; }

  void receive(extaris::Burst& burst) noexcept override {
    rte_mbuf** slots = burst.slots();
    const std::size_t count = idle_.size();
    for (std::size_t i = 0; i < count; ++i) {
      rte_mbuf* m = idle_.peek(i);
      m->data_off = RTE_PKTMBUF_HEADROOM;
      m->data_len = static_cast<std::uint16_t>(frame_.size());
      m->pkt_len = m->data_len;
      m->ol_flags = 0;
      std::memcpy(rte_pktmbuf_mtod(m, std::byte*), frame_.data(), header_bytes);
      slots[i] = m;
    }
    burst.filled(count);
    idle_.drop_front(count);
  }

  void transmit(extaris::Burst& burst) noexcept override {
    for (std::size_t i = 0; i < burst.size(); ++i) idle_.append(burst.take(i));
    burst.clear();
  }

  extaris::PacketPool& pool() noexcept override { return pool_; }

 private:
  static constexpr std::size_t header_bytes = 64;  // all of Ethernet, IPv6 and UDP

  extaris::DeviceInfo info_;
  extaris::PacketPool& pool_;
  std::vector<std::byte> frame_;
  extaris::Burst idle_;
};

}  // namespace arrakis::bench
