#include "vfio/iommu_group.h"

#include <algorithm>
#include <iterator>
#include <string>

namespace arrakis::vfio {
namespace {

// Drivers that let a process own the group's DMA: those with driver_managed_dma in Linux since
// 5.18. Any other, a bridge's too, is in the way.
bool lets_a_process_in(const std::string& driver) {
  return driver.empty() || driver == "pcieport" || driver == "pci-stub" ||
         driver.ends_with("vfio-pci") || driver.ends_with("vfio_pci");
}

}  // namespace

Outcome<void> check_iommu(const Sysfs& sysfs) {
  if (!entries(sysfs.iommus()).empty()) return {};
  return fail(Error::Code::unavailable, "the IOMMU is off: " + sysfs.iommus() + " is empty",
              "turn VT-d or AMD-Vi on in the firmware, add intel_iommu=on (Intel) to the kernel's "
              "command line, and restart the machine");
}

Outcome<IommuGroup> iommu_group_of(const Sysfs& sysfs, PciAddress address) {
  const auto function = read_function(sysfs, address);
  if (!function) return std::unexpected{function.error()};
  if (!function->iommu_group) {
    if (const auto on = check_iommu(sysfs); !on) return std::unexpected{on.error()};
    return fail(Error::Code::unavailable, "the IOMMU does not cover " + address.to_string(),
                "try another slot, or an IOMMU mode of the firmware that covers it");
  }
  IommuGroup group{.id = *function->iommu_group, .members = {}};
  for (const std::string& name : entries(sysfs.iommu_group(group.id) + "/devices")) {
    const auto member = PciAddress::parse(name);
    if (!member) continue;
    auto found = read_function(sysfs, *member);
    if (!found) return std::unexpected{found.error()};
    group.members.push_back(*std::move(found));
  }
  return group;
}

std::vector<PciFunction> in_the_way(const IommuGroup& group) {
  std::vector<PciFunction> found;
  std::ranges::copy_if(group.members, std::back_inserter(found),
                       [](const PciFunction& member) { return !lets_a_process_in(member.driver); });
  return found;
}

Outcome<void> check_viable(const IommuGroup& group) {
  std::string names;
  for (const PciFunction& member : in_the_way(group)) {
    if (!names.empty()) names += ", ";
    names += member.address.to_string() + " (" + member.driver + ')';
  }
  if (names.empty()) return {};
  return fail(
      Error::Code::conflict,
      "IOMMU group " + std::to_string(group.id) + " is not viable: the kernel holds " + names,
      "unbind them from their drivers, or use a slot whose functions are told apart");
}

}  // namespace arrakis::vfio
