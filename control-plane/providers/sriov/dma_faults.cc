#include "control-plane/providers/sriov/dma_faults.h"

#include <fmt/format.h>

#include "control-plane/providers/sriov/card.h"

namespace arrakis::control::sriov {
namespace {

std::string to_text(const vfio::IommuFault& fault) {
  using enum vfio::IommuFault::Access;
  const char* access = fault.access == write ? "write to" : "read of";
  if (fault.access == unknown) access = "access to";
  return fmt::format("the IOMMU stopped {}: {} {:#x}", fault.device.to_string(), access,
                     bits(fault.address));
}

const VnicSpec* holder_of(const vfio::Sysfs& sysfs, vfio::PciAddress device,
                          std::span<const VnicSpec> present) {
  for (const VnicSpec& spec : present) {
    if (!spec.function) continue;
    const auto address = find_function(sysfs, *spec.function);
    if (address && *address == device) return &spec;
  }
  return nullptr;
}

}  // namespace

Finding DmaFaults::examine() const {
  if (log_) return {Finding::Verdict::pass, "faults of the IOMMU", "heard", ""};
  return {Finding::Verdict::warn, "faults of the IOMMU", "not heard: " + log_.error().message,
          log_.error().remedy};
}

std::vector<VnicNews> DmaFaults::take(const vfio::Sysfs& sysfs, std::span<const VnicSpec> present) {
  std::vector<VnicNews> news;
  if (!log_) return news;
  while (const auto fault = log_->next()) {
    const VnicSpec* holder = holder_of(sysfs, fault->device, present);
    if (holder == nullptr) continue;  // a device of somebody else's
    ++counts_[holder->name];
    news.push_back({holder->name, VnicNews::Kind::dma_fault, to_text(*fault)});
  }
  return news;
}

std::uint64_t DmaFaults::count(const std::string& vnic) const {
  const auto found = counts_.find(vnic);
  return found == counts_.end() ? 0 : found->second;
}

}  // namespace arrakis::control::sriov
