// machine_needs.h: what the machine itself lives on, and nobody should lose for a virtual function.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "vfio/pci_function.h"

namespace arrakis::control::sriov {

// "the default route (ens1f0)", "the root file system (nvme0n1)"; nothing: it carries neither.
// `root`: of the file systems, as Sysfs has it; empty on the real machine.
std::optional<std::string> carried_by(const std::string& root, const vfio::PciFunction& function);

}  // namespace arrakis::control::sriov
