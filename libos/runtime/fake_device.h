// fake_device.h: a device for tests of the loop: frames are put in by hand, the doorbell is an
// eventfd, and everything that is done to it is counted.
//
// Threads: put() and ring() from any, the rest as NetDevice says.
#pragma once

#include <sys/eventfd.h>

#include <atomic>
#include <cstddef>
#include <functional>
#include <utility>

#include "extaris/netdev/descriptor.h"
#include "extaris/netdev/net_device.h"
#include "extaris/packet/bytes.h"

namespace arrakis::runtime::testing {

class FakeDevice final : public extaris::NetDevice {
 public:
  // The handle by which a test reaches the device after the loop took it.
  struct Handle {
    std::atomic<int> waiting{0};  // frames that the next receive() finds
    std::atomic<bool> armed{false};
    std::atomic<int> receives{0}, arms{0}, disarms{0};
    std::atomic<bool> link_up{true};
    std::function<void()> on_arm = [] {};
    extaris::Descriptor bell{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};

    void ring() const { eventfd_write(bell.get(), 1); }
  };

  explicit FakeDevice(Handle& handle)
      : handle_{handle}, pool_{*extaris::PacketPool::create({.packets = 64})} {
    info_.mac = *MacAddress::parse("02:00:00:00:00:02");
  }

  const extaris::DeviceInfo& info() const noexcept override { return info_; }
  void receive(extaris::Burst& burst) noexcept override {
    ++handle_.receives;
    for (int count = handle_.waiting.exchange(0); count > 0; --count) {
      extaris::Packet packet = pool_.allocate();
      extaris::resize(packet, 60);  // means nothing to anybody
      burst.append(std::move(packet));
    }
  }
  void transmit(extaris::Burst& burst) noexcept override { burst.clear(); }
  extaris::PacketPool& pool() noexcept override { return pool_; }
  int doorbell() const noexcept override { return handle_.bell.get(); }
  void arm_doorbell() noexcept override {
    handle_.on_arm();
    ++handle_.arms;
    handle_.armed = true;
  }
  void disarm_doorbell() noexcept override {
    ++handle_.disarms;
    handle_.armed = false;
    eventfd_t count = 0;
    eventfd_read(doorbell(), &count);
  }
  bool link_up() const noexcept override { return handle_.link_up; }

 private:
  Handle& handle_;
  extaris::DeviceInfo info_;
  extaris::PacketPool pool_;
};

}  // namespace arrakis::runtime::testing
