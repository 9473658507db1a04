// tap_device.h: Linux's own stack as the other end of the cable: a TAP interface in a network
// namespace of this process alone, which goes when the process goes.
//
// Needs root and /dev/net/tun. A system call a frame: for tests of what is right, not of speed.
#pragma once

#include <cstdint>
#include <string>

#include "extaris/netdev/net_device.h"
#include "extaris/packet/pool.h"

namespace arrakis::test {

class TapDevice final : public extaris::NetDevice {
 public:
  // Puts this process into a fresh network namespace. False: it may not.
  static bool enter_namespace();
  // Makes the interface "tap0" there.
  explicit TapDevice(extaris::PacketPool& pool, std::uint16_t mtu_bytes = 1500);
  TapDevice(const TapDevice&) = delete;
  TapDevice& operator=(const TapDevice&) = delete;
  ~TapDevice() override;

  bool is_open() const noexcept { return fd_ >= 0; }
  const extaris::DeviceInfo& info() const noexcept override { return info_; }
  void receive(extaris::Burst& burst) noexcept override;
  void transmit(extaris::Burst& burst) noexcept override;
  extaris::PacketPool& pool() noexcept override { return pool_; }

 private:
  extaris::PacketPool& pool_;
  extaris::DeviceInfo info_;
  int fd_ = -1;
};

}  // namespace arrakis::test
