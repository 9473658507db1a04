// iommu_group.h: what the IOMMU can tell apart. All functions of a group share one address space,
// so a process gets all of them or none.
#pragma once

#include <vector>

#include "vfio/pci_function.h"

namespace arrakis::vfio {

struct IommuGroup {
  unsigned id = 0;
  std::vector<PciFunction> members;
};

// unavailable: the IOMMU is off, or it does not cover this function.
Outcome<IommuGroup> iommu_group_of(const Sysfs& sysfs, PciAddress address);

// Whether there is one that works. The remedy is what to add to the kernel's command line.
Outcome<void> check_iommu(const Sysfs& sysfs);

// The members that keep a process from having the group: those that a driver of the kernel's own
// holds. Ports of bridges, and members without a driver, do not. Empty: the group is viable.
std::vector<PciFunction> in_the_way(const IommuGroup& group);

// conflict: names the functions in the way.
Outcome<void> check_viable(const IommuGroup& group);

}  // namespace arrakis::vfio
