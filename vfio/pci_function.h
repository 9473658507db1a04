// pci_function.h: the PCI functions of this machine, as sysfs tells of them, and the number of
// virtual functions (VFs) that a physical one (PF) has been told to be.
//
// Values are a snapshot: a function can vanish between two calls (Error::Code::not_found).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "vfio/sysfs.h"

namespace arrakis::vfio {

// Single Root I/O Virtualization: PCI Express base specification, 9.3.3.
struct SriovCapability {
  std::uint16_t total_vfs = 0;    // what the device can be
  std::uint16_t enabled_vfs = 0;  // what it is now
  // Whether a new VF gets the kernel's driver for it. Off, only one with a driver_override does.
  bool drivers_autoprobe = true;
};

struct PciFunction {
  PciAddress address;
  std::uint16_t vendor = 0, device = 0;
  std::uint32_t class_code = 0;  // 24 bits: class, subclass, programming interface
  std::string driver;            // empty: none is bound
  std::optional<unsigned> numa_node, iommu_group;
  std::optional<SriovCapability> sriov;         // of a PF that has it
  std::optional<PciAddress> physical_function;  // of a VF
  std::vector<std::string> netdevs;             // of the kernel's driver
  bool can_reset = false;

  bool is_network_controller() const { return class_code >> 16 == 0x02; }
  bool is_ethernet() const { return class_code >> 8 == 0x0200; }
  bool is_nvme() const { return class_code == 0x010802; }
};

Outcome<PciFunction> read_function(const Sysfs& sysfs, PciAddress address);
std::vector<PciFunction> list_functions(const Sysfs& sysfs);

// By index, as `ip link set ... vf INDEX` counts them. Empty: there are none.
std::vector<PciAddress> virtual_functions(const Sysfs& sysfs, PciAddress physical);

// Sets how many VFs there are; does nothing when that is so already. From N to M the kernel goes
// over 0 only: every VF vanishes, so none may be in use. The new ones get no driver of the kernel.
Outcome<void> set_virtual_functions(Sysfs& sysfs, PciAddress physical, std::uint16_t count,
                                    Duration deadline = Sysfs::write_deadline);

// Function-level reset, or what the kernel has in its place for this function. Its configuration
// is kept. Nobody is asked: whoever drives it finds it reset.
Outcome<void> reset_function(Sysfs& sysfs, PciAddress address,
                             Duration deadline = Sysfs::write_deadline);

}  // namespace arrakis::vfio
