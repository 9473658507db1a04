// card.h: a VNIC's card and function, found on the machine as it is now.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "control-plane/model/vnic.h"
#include "vfio/pci_function.h"

namespace arrakis::control::sriov {

struct Card {
  vfio::PciFunction physical;
  std::string netdev;  // of the PF's driver, which keeps the VFs' settings
};

// By PCI address, or by netdev.
std::optional<vfio::PciAddress> find_address(const vfio::Sysfs& sysfs, std::string_view physical);

// not_found: no such card; unavailable: it is no network card, has no VFs, or no driver.
Outcome<Card> find_card(const vfio::Sysfs& sysfs, std::string_view physical);

// The VF's own address. not_found: the card has no such VF now.
Outcome<vfio::PciAddress> find_function(const vfio::Sysfs& sysfs, const VirtualFunction& function);

// Where /sys, /proc and /dev lie.
std::string root_of(const vfio::Sysfs& sysfs);

}  // namespace arrakis::control::sriov
