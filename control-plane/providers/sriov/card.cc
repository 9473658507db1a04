#include "control-plane/providers/sriov/card.h"

#include <fmt/format.h>

#include "control-plane/providers/sriov/machine_needs.h"

namespace arrakis::control::sriov {
namespace {

Outcome<void> check_is_card(const std::string& root, const vfio::PciFunction& function) {
  const std::string name = function.address.to_string();
  // First: what the machine needs makes no difference to it, and no --force a card of a disk.
  if (!function.is_ethernet()) {
    const auto carried = carried_by(root, function);
    return fail(Error::Code::unavailable,
                fmt::format("{} is no network card: its class is {:06x}{}", name,
                            function.class_code, carried ? ", and it carries " + *carried : ""),
                "lspci -D lists what each function is; network cards have class 0200");
  }
  if (function.physical_function)
    return fail(Error::Code::usage, name + " is itself a virtual function",
                "name its physical function, " + function.physical_function->to_string());
  if (!function.sriov)
    return fail(Error::Code::unavailable, name + " has no virtual functions",
                "turn SR-IOV on in the firmware, load its kernel driver, or use another card");
  if (function.netdevs.empty())
    return fail(
        Error::Code::unavailable,
        function.driver.empty()
            ? name + " has no driver: nobody keeps the settings of its virtual functions"
            : name + " has no netdev: its driver is " + function.driver,
        "give it back to its kernel driver: echo " + name + " > /sys/bus/pci/drivers_probe");
  return {};
}

}  // namespace

std::string root_of(const vfio::Sysfs& sysfs) {
  constexpr std::string_view below = "/sys/bus/pci/devices";
  std::string path = sysfs.devices();
  path.resize(path.size() - below.size());
  return path;
}

std::optional<vfio::PciAddress> find_address(const vfio::Sysfs& sysfs, std::string_view physical) {
  if (is_pci_address(physical)) return vfio::PciAddress::parse(physical);
  const auto device =
      vfio::link_name(root_of(sysfs) + "/sys/class/net/" + std::string{physical} + "/device");
  return device ? vfio::PciAddress::parse(*device) : std::nullopt;
}

Outcome<Card> find_card(const vfio::Sysfs& sysfs, std::string_view physical) {
  const auto address = find_address(sysfs, physical);
  if (!address)
    return fail(Error::Code::not_found,
                fmt::format("there is no network card {}: no netdev of that name is a PCI function",
                            physical),
                "name its PCI address in the pool (see: lspci -D)");
  auto function = vfio::read_function(sysfs, *address);
  if (!function) return std::unexpected(function.error());
  if (auto is = check_is_card(root_of(sysfs), *function); !is) return std::unexpected(is.error());
  std::string netdev = function->netdevs.front();
  return Card{*std::move(function), std::move(netdev)};
}

Outcome<vfio::PciAddress> find_function(const vfio::Sysfs& sysfs, const VirtualFunction& function) {
  const auto card = find_card(sysfs, function.physical);
  if (!card) return std::unexpected(card.error());
  const auto all = vfio::virtual_functions(sysfs, card->physical.address);
  if (function.index < all.size()) return all[function.index];
  return fail(Error::Code::not_found,
              fmt::format("{} has no virtual function {}: it has {}", function.physical,
                          function.index, all.size()),
              "arrakisctl release-vf and assign-vf make it again");
}

}  // namespace arrakis::control::sriov
