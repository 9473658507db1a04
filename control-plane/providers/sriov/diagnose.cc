// What this machine lacks for virtual functions: SriovProvider::diagnose().
#include <fmt/format.h>

#include "control-plane/providers/sriov/sriov_provider.h"
#include "vfio/iommu_group.h"

namespace arrakis::control {
namespace {

using enum Finding::Verdict;

Finding examine_iommu(const vfio::Sysfs& sysfs) {
  if (const auto on = vfio::check_iommu(sysfs); !on)
    return {skip, "IOMMU", on.error().message, on.error().remedy};
  return {pass, "IOMMU", "on", ""};
}

Finding examine_vfio(const vfio::Sysfs& sysfs) {
  if (vfio::exists(sysfs.driver("vfio-pci"))) return {pass, "vfio-pci", "loaded", ""};
  return {skip, "vfio-pci", "not loaded: no virtual function can be given away",
          "modprobe vfio-pci"};
}

Finding examine_card(const Outcome<sriov::Card>& card, const std::string& physical,
                     sriov::VfLinks& links) {
  const std::string subject = "card " + physical;
  if (!card) return {fail, subject, card.error().message, card.error().remedy};
  const auto link = links.read(card->netdev);
  if (!link) return {fail, subject, link.error().message, link.error().remedy};
  const std::string what = fmt::format(
      "{} ({}, {}), {} of {} virtual functions", card->physical.address.to_string(), card->netdev,
      card->physical.driver, card->physical.sriov->enabled_vfs, card->physical.sriov->total_vfs);
  if (!link->is_up)
    return {warn, subject, what + ", is down", "ip link set " + card->netdev + " up"};
  if (!link->has_carrier)
    return {warn, subject, what + ", has no link", "plug its cable in, or see ethtool"};
  return {pass, subject, what, ""};
}

}  // namespace

std::vector<Finding> SriovProvider::diagnose() {
  std::vector<Finding> findings{examine_iommu(*parts_.sysfs), examine_vfio(*parts_.sysfs)};
  for (Finding& finding : findings)  // only where the policy wants them they are a fault
    if (finding.verdict == skip && !parts_.cards.empty()) finding.verdict = fail;
  if (!parts_.cards.empty()) findings.push_back(dma_faults_.examine());
  for (const std::string& physical : parts_.cards)
    findings.push_back(
        examine_card(sriov::find_card(*parts_.sysfs, physical), physical, *parts_.links));
  return findings;
}

}  // namespace arrakis::control
