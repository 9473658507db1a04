// What a VF may be on this machine: SriovProvider::check().
#include <fmt/format.h>

#include <algorithm>

#include "control-plane/providers/sriov/bounds.h"
#include "control-plane/providers/sriov/machine_needs.h"
#include "control-plane/providers/sriov/sriov_provider.h"
#include "vfio/iommu_group.h"

namespace arrakis::control {

using sriov::Card;

namespace {

// VFs that are there already were made by us, or by somebody who knew what the machine needs.
Outcome<void> check_spares_machine(const std::string& root, const VirtualFunction& wanted,
                                   const Card& card) {
  if (wanted.forced || card.physical.sriov->enabled_vfs != 0) return {};
  const auto carried = sriov::carried_by(root, card.physical);
  if (!carried) return {};
  return fail(Error::Code::conflict,
              fmt::format("{} carries {}, and its link may fail for a moment when virtual "
                          "functions are made",
                          wanted.physical, *carried),
              "use another card, or say --force");
}

Outcome<void> check_count(const VirtualFunction& wanted, const Card& card) {
  const vfio::SriovCapability& sriov = *card.physical.sriov;
  if (wanted.count > sriov.total_vfs)
    return fail(Error::Code::exhausted,
                fmt::format("the pool wants {} virtual functions of {}, which can have {}",
                            wanted.count, wanted.physical, sriov.total_vfs),
                fmt::format("vfs = {} in the pool", sriov.total_vfs));
  if (sriov.enabled_vfs != 0 && sriov.enabled_vfs != wanted.count)
    return fail(Error::Code::conflict,
                fmt::format("{} has {} virtual functions that somebody else made; the pool wants "
                            "{}",
                            wanted.physical, sriov.enabled_vfs, wanted.count),
                fmt::format("vfs = {} in the pool; or, when none is in use: "
                            "echo 0 > /sys/bus/pci/devices/{}/sriov_numvfs",
                            sriov.enabled_vfs, card.physical.address.to_string()));
  return {};
}

}  // namespace

Outcome<std::vector<std::string>> SriovProvider::check(const VnicSpec& spec) {
  if (!spec.function)
    return fail(Error::Code::usage, spec.name + " names no card",
                "add a pool of provider \"sriov\" to the policy");
  Outcome<void> fits = sriov::check_sizes(spec);
  if (fits) fits = sriov::check_rate(spec);
  if (fits) fits = sriov::check_filters(spec);
  if (fits) fits = check_card(spec);
  if (!fits) return std::unexpected(fits.error());
  std::vector<std::string> enforced{"source mac", "rate"};
  if (spec.function->vlan != 0) enforced.emplace_back("vlan");
  return enforced;
}

Outcome<void> SriovProvider::check_card(const VnicSpec& spec) {
  const vfio::Sysfs& sysfs = *parts_.sysfs;
  const VirtualFunction& wanted = *spec.function;
  const auto card = sriov::find_card(sysfs, wanted.physical);
  if (!card) return std::unexpected(card.error());
  Outcome<void> fits = check_count(wanted, *card);
  if (fits) fits = check_spares_machine(sriov::root_of(sysfs), wanted, *card);
  if (fits) fits = vfio::check_iommu(sysfs);
  if (fits) fits = check_mac(spec, *card);
  if (fits && card->physical.sriov->enabled_vfs != 0) fits = check_function(wanted);
  return fits;
}

// Two functions of one MAC, and the card delivers to either.
Outcome<void> SriovProvider::check_mac(const VnicSpec& spec, const Card& card) {
  if (auto valid = validate_mac(spec.mac); !valid) return valid;
  const auto link = parts_.links->read(card.netdev);
  if (!link) return std::unexpected(link.error());
  const std::string remedy = "choose another with --mac";
  if (link->mac == spec.mac)
    return fail(Error::Code::conflict,
                fmt::format("{} is the MAC of {} itself", spec.mac.to_string(), card.netdev),
                remedy);
  for (std::size_t i = 0; i < link->vfs.size(); ++i)
    if (i != spec.function->index && link->vfs[i].settings.mac == spec.mac)
      return fail(Error::Code::conflict,
                  fmt::format("{} is the MAC of VF {} of {}", spec.mac.to_string(), i, card.netdev),
                  remedy);
  return {};
}

// That it is there, that nobody else drives it, and that the IOMMU tells it apart.
Outcome<void> SriovProvider::check_function(const VirtualFunction& wanted) {
  const auto address = sriov::find_function(*parts_.sysfs, wanted);
  if (!address) return std::unexpected(address.error());
  const auto function = vfio::read_function(*parts_.sysfs, *address);
  if (!function) return std::unexpected(function.error());
  if (!function->driver.empty() && function->driver != "vfio-pci")
    return fail(
        Error::Code::conflict,
        fmt::format("{} is in use: the kernel's driver {} has it{}", address->to_string(),
                    function->driver,
                    function->netdevs.empty() ? std::string{} : " as " + function->netdevs.front()),
        fmt::format("echo {} > /sys/bus/pci/drivers/{}/unbind", address->to_string(),
                    function->driver));
  const auto group = vfio::iommu_group_of(*parts_.sysfs, *address);
  if (!group) return std::unexpected(group.error());
  return vfio::check_viable(*group);
}

}  // namespace arrakis::control
