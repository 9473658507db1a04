// dma_space.h: what a device may reach: memory of this process at the addresses it was given.
//
// Container is the one that the IOMMU enforces; FakeDmaSpace lets a test stand for the device.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/error.h"
#include "vfio/iova.h"

namespace arrakis::vfio {

class DmaSpace {
 public:
  enum class Access : std::uint8_t { read, write, read_write };  // the device's

  virtual ~DmaSpace() = default;

  // Pins `memory` (whole pages) and lets the device reach it at `at`. exhausted: memlock or the
  // number of mappings; conflict: something is mapped there.
  virtual Outcome<void> map(std::span<std::byte> memory, Iova at, Access access) = 0;
  // As it was mapped. The device must have stopped using it.
  virtual void unmap(Iova at, std::size_t bytes) noexcept = 0;
  // In order, without those that the machine keeps for itself (the MSI window).
  virtual std::vector<IovaRange> ranges() const = 0;
};

}  // namespace arrakis::vfio
