// virtual_function.h: drives one VF of an 82576 by hand, one frame at a time, to do what a driver
// would and what no driver would: any address can stand in a descriptor.
//
// Threads: one. It polls; each wait has an end.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/address.h"
#include "tests/vm/programs/vf_registers.h"
#include "vfio/device.h"
#include "vfio/dma_buffer.h"

namespace arrakis::vm {

class VirtualFunction {
 public:
  static constexpr std::size_t buffer_bytes = 2048;

  // Takes the function (container, group, device, BAR 0), resets it, and starts it with empty
  // rings.
  static Outcome<VirtualFunction> open(const vfio::Sysfs& sysfs, vfio::PciAddress address);

  MacAddress mac() const { return mac_; }  // as the PF's driver gave it
  bool is_link_up() const;
  const vfio::Container& container() const { return *container_; }
  const vfio::Device& device() const { return device_; }

  // Has the device raise this vector, of its own accord.
  void interrupt(unsigned vector) const;

  // Gives the device a place for one frame; nothing: it never wrote the descriptor back.
  void offer(vfio::Iova buffer);
  std::optional<std::uint16_t> wait_for_frame();
  // Has the device send a frame from there. False: it never said that it had.
  bool send(vfio::Iova buffer, std::uint16_t length_bytes);

  // One frame's place that the device may reach.
  std::span<std::byte> buffer() const;
  vfio::Iova buffer_iova() const;

 private:
  VirtualFunction(std::unique_ptr<vfio::Container> container, vfio::Group group,
                  vfio::Device device, vfio::Bar bar, vfio::DmaBuffer memory)
      : container_{std::move(container)},
        group_{std::move(group)},
        memory_{std::move(memory)},
        device_{std::move(device)},
        bar_{std::move(bar)} {}
  Outcome<void> start();
  Outcome<void> ask_for_mac();
  void start_ring(Ring ring, vfio::Iova descriptors) const;

  // In the order in which they may be taken down, from the last: the device stops before its
  // memory goes.
  std::unique_ptr<vfio::Container> container_;  // DmaBuffer keeps its address
  vfio::Group group_;
  vfio::DmaBuffer memory_;
  vfio::Device device_;
  vfio::Bar bar_;
  MacAddress mac_;
  std::uint32_t next_receive_ = 0, next_transmit_ = 0;
};

}  // namespace arrakis::vm
