// container.h: one address space of the IOMMU, and the groups of devices that live in it.
//
// A process has a Container, puts groups into it, maps memory, and opens the devices of its groups.
// What it needs: the group's node (/dev/vfio/N) to be its own, and RLIMIT_MEMLOCK for what it maps.
// No capability.
//
// Threads:  one at a time; map() and unmap() may be any thread's.
// Lifetime: the container outlives its mappings. A group's devices keep the group.
// Source:   Documentation/driver-api/vfio.rst; IOMMU type 1, version 2.
#pragma once

#include "vfio/descriptor.h"
#include "vfio/dma_space.h"
#include "vfio/sysfs.h"

namespace arrakis::vfio {

class Group;

class Container final : public DmaSpace {
 public:
  // unavailable: there is no VFIO in this kernel, or it lacks the type of IOMMU.
  static Outcome<Container> open(const Sysfs& sysfs);
  Container(Container&&) noexcept = default;
  Container& operator=(Container&&) noexcept = default;
  ~Container() override = default;

  // conflict: another process has the group, or it is not viable. denied: its node is not ours.
  Outcome<Group> add_group(const Sysfs& sysfs, unsigned id);

  // Before the first group is in, both fail.
  Outcome<void> map(std::span<std::byte> memory, Iova at, Access access) override;
  void unmap(Iova at, std::size_t bytes) noexcept override;
  std::vector<IovaRange> ranges() const override;

  int fd() const { return container_.get(); }

 private:
  explicit Container(Descriptor container) : container_{std::move(container)} {}

  Descriptor container_;
  bool has_iommu_ = false;  // the kernel sets it for the first group
};

// A group in a container. Leaves it when it goes, after its devices.
class Group {
 public:
  explicit Group(Descriptor group, unsigned id) : group_{std::move(group)}, id_{id} {}

  unsigned id() const { return id_; }
  int fd() const { return group_.get(); }

 private:
  Descriptor group_;
  unsigned id_;
};

}  // namespace arrakis::vfio
