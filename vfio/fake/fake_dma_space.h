// fake_dma_space.h: an IOMMU that a test asks what its device may reach.
//
// A model of a device reads and writes through at(); what is not mapped, or not for that access,
// is nothing and counts as a fault.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "vfio/dma_space.h"

namespace arrakis::vfio {

class FakeDmaSpace : public DmaSpace {
 public:
  explicit FakeDmaSpace(std::vector<IovaRange> ranges = {{Iova{0}, Iova{(1ULL << 48) - 1}}})
      : ranges_{std::move(ranges)} {}

  Outcome<void> map(std::span<std::byte> memory, Iova at, Access access) override;
  void unmap(Iova at, std::size_t bytes) noexcept override;
  std::vector<IovaRange> ranges() const override { return ranges_; }

  // As the device: `bytes` at `at`, all within one mapping.
  std::optional<std::span<std::byte>> at(Iova at, std::size_t bytes, Access access);
  unsigned faults() const { return faults_; }
  std::size_t mappings() const { return mappings_.size(); }
  // What is locked may not become more than that, as with RLIMIT_MEMLOCK.
  void limit_bytes(std::size_t bytes) { limit_bytes_ = bytes; }

 private:
  struct Mapping {
    std::span<std::byte> memory;
    Access access;
  };
  bool is_free(Iova first, std::size_t bytes) const;

  std::vector<IovaRange> ranges_;
  std::map<Iova, Mapping> mappings_;  // none overlaps another
  std::size_t mapped_bytes_ = 0, limit_bytes_ = SIZE_MAX;
  unsigned faults_ = 0;
};

}  // namespace arrakis::vfio
