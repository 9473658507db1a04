// measured_device.h: a device that counts what is executed in another's receive and transmit.
//
// Threads: as the other. Lifetime: borrows both.
#pragma once

#include "bench/servers/instructions.h"
#include "extaris/netdev/net_device.h"

namespace arrakis::bench {

class MeasuredDevice final : public extaris::NetDevice {
 public:
  MeasuredDevice(extaris::NetDevice& device, Section& driver) noexcept
      : device_{device}, driver_{driver} {}

  void receive(extaris::Burst& burst) noexcept override {
    driver_.enter();
    device_.receive(burst);
    driver_.leave();
  }
  void transmit(extaris::Burst& burst) noexcept override {
    driver_.enter();
    device_.transmit(burst);
    driver_.leave();
  }
  const extaris::DeviceInfo& info() const noexcept override { return device_.info(); }
  extaris::PacketPool& pool() noexcept override { return device_.pool(); }
  int doorbell() const noexcept override { return device_.doorbell(); }
  void arm_doorbell() noexcept override { device_.arm_doorbell(); }
  void disarm_doorbell() noexcept override { device_.disarm_doorbell(); }
  Arrives arrives(const Endpoint& remote, const Endpoint& local) const noexcept override {
    return device_.arrives(remote, local);
  }
  bool link_up() const noexcept override { return device_.link_up(); }

 private:
  extaris::NetDevice& device_;
  Section& driver_;
};

}  // namespace arrakis::bench
