// device.h: one PCI function in this process's hands: its BARs, its configuration space, its
// interrupts, its reset.
//
// The device is reset when it is opened and when it is closed (VFIO does it), and cannot reach
// memory before enable_bus_master().
//
// Threads:  one for set-up. Registers of a mapped BAR: as the driver says.
// Errors:   at set-up, Outcome. A device that was unplugged reads as all ones.
#pragma once

#include <cstdint>
#include <span>

#include "vfio/container.h"
#include "vfio/mmio.h"

namespace arrakis::vfio {

// A mapped base address register; unmaps when it goes.
class Bar {
 public:
  explicit Bar(std::span<std::byte> bytes) : bytes_{bytes} {}
  Bar(Bar&& other) noexcept : bytes_{std::exchange(other.bytes_, {})} {}
  Bar& operator=(Bar&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Bar();

  Mmio registers() const { return Mmio{bytes_}; }
  std::size_t size() const { return bytes_.size(); }

 private:
  std::span<std::byte> bytes_;
};

class Device {
 public:
  // not_found: not of this group, or gone.
  static Outcome<Device> open(const Group& group, PciAddress address);

  // unavailable: the function has no such BAR, or it cannot be mapped.
  Outcome<Bar> map_bar(unsigned index) const;

  // Words of the configuration space (PCI Local Bus 3.0, 6.1), within what VFIO lets through.
  Outcome<std::uint16_t> config(std::uint16_t offset) const;
  Outcome<void> set_config(std::uint16_t offset, std::uint16_t value) const;
  // Lets the device read and write memory, as far as the container maps it.
  Outcome<void> enable_bus_master() const;

  unsigned msix_vectors() const { return msix_vectors_; }
  // Vector i raises eventfds[i]; -1: that vector raises nothing. All that will be used, at once:
  // older kernels turn MSI-X off to change the number.
  Outcome<void> set_msix(std::span<const int> eventfds) const;
  Outcome<void> clear_msix() const;
  // Raised when the kernel wants the device back (unplugged, or unbound by an administrator).
  Outcome<void> set_return_request(int eventfd) const;

  Outcome<void> reset() const;  // function-level

  int fd() const { return device_.get(); }

 private:
  struct Region {
    std::uint64_t offset, size;
    bool can_map;
  };
  Device(Descriptor device, unsigned msix_vectors)
      : device_{std::move(device)}, msix_vectors_{msix_vectors} {}
  Outcome<Region> region(unsigned index) const;

  Descriptor device_;
  unsigned msix_vectors_;
};

}  // namespace arrakis::vfio
