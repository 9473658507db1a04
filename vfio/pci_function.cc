#include "vfio/pci_function.h"

namespace arrakis::vfio {
namespace {

// Nothing: absent, no number, or -1, which is how the kernel writes "no NUMA node".
template <class T>
std::optional<T> small_number(const std::string& path) {
  const auto value = read_number(path);
  if (!value || *value > UINT16_MAX) return std::nullopt;
  return static_cast<T>(*value);
}

std::optional<SriovCapability> read_sriov(const Sysfs& sysfs, PciAddress address) {
  const auto total = small_number<std::uint16_t>(sysfs.attribute(address, "sriov_totalvfs"));
  const auto enabled = small_number<std::uint16_t>(sysfs.attribute(address, "sriov_numvfs"));
  if (!total || !enabled) return std::nullopt;
  const auto autoprobe = read_number(sysfs.attribute(address, "sriov_drivers_autoprobe"));
  return SriovCapability{.total_vfs = *total,
                         .enabled_vfs = *enabled,
                         .drivers_autoprobe = !autoprobe || *autoprobe != 0};
}

std::optional<unsigned> read_group(const std::string& device) {
  const auto name = link_name(device + "/iommu_group");
  if (!name || name->empty() || name->find_first_not_of("0123456789") != std::string::npos)
    return std::nullopt;
  unsigned id = 0;
  for (const char digit : *name) id = id * 10 + static_cast<unsigned>(digit - '0');
  return id;
}

Outcome<SriovCapability> require_sriov(const Sysfs& sysfs, PciAddress address) {
  const auto function = read_function(sysfs, address);
  if (!function) return std::unexpected{function.error()};
  if (function->sriov) return *function->sriov;
  if (function->physical_function)
    return fail(Error::Code::usage, address.to_string() + " is itself a virtual function",
                "name its physical function, " + function->physical_function->to_string());
  return fail(Error::Code::unavailable, address.to_string() + " has no virtual functions",
              "SR-IOV may be off in the firmware, or its driver may lack it");
}

Outcome<void> confirm_count(const Sysfs& sysfs, PciAddress physical, std::uint16_t count) {
  const auto enabled = read_number(sysfs.attribute(physical, "sriov_numvfs"));
  if (!enabled) return std::unexpected{enabled.error()};
  if (*enabled == count && virtual_functions(sysfs, physical).size() == count) return {};
  return fail(Error::Code::unavailable,
              physical.to_string() + " was told to have " + std::to_string(count) +
                  " virtual functions and has " + std::to_string(*enabled),
              "the kernel's log (dmesg) may say why");
}

}  // namespace

Outcome<PciFunction> read_function(const Sysfs& sysfs, PciAddress address) {
  const std::string device = sysfs.device(address);
  const auto vendor = small_number<std::uint16_t>(device + "/vendor");
  const auto id = small_number<std::uint16_t>(device + "/device");
  const auto class_code = read_number(device + "/class");
  if (!vendor || !id || !class_code)
    return fail(Error::Code::not_found, "there is no PCI function " + address.to_string(),
                "lspci lists what there is");
  PciFunction function{.address = address, .vendor = *vendor, .device = *id};
  function.class_code = static_cast<std::uint32_t>(*class_code);
  function.driver = link_name(device + "/driver").value_or("");
  function.numa_node = small_number<unsigned>(device + "/numa_node");
  function.iommu_group = read_group(device);
  function.sriov = read_sriov(sysfs, address);
  if (const auto physical = link_name(device + "/physfn"))
    function.physical_function = PciAddress::parse(*physical);
  function.netdevs = entries(device + "/net");
  function.can_reset = exists(device + "/reset");
  return function;
}

std::vector<PciFunction> list_functions(const Sysfs& sysfs) {
  std::vector<PciFunction> functions;
  for (const std::string& name : entries(sysfs.devices())) {
    const auto address = PciAddress::parse(name);
    if (!address) continue;
    if (auto function = read_function(sysfs, *address)) functions.push_back(*std::move(function));
  }
  return functions;
}

std::vector<PciAddress> virtual_functions(const Sysfs& sysfs, PciAddress physical) {
  std::vector<PciAddress> found;
  for (;;) {
    const std::string link = "virtfn" + std::to_string(found.size());
    const auto name = link_name(sysfs.attribute(physical, link));
    const auto address = name ? PciAddress::parse(*name) : std::nullopt;
    if (!address) return found;
    found.push_back(*address);
  }
}

Outcome<void> set_virtual_functions(Sysfs& sysfs, PciAddress physical, std::uint16_t count,
                                    Duration deadline) {
  const auto sriov = require_sriov(sysfs, physical);
  if (!sriov) return std::unexpected{sriov.error()};
  if (count > sriov->total_vfs)
    return fail(Error::Code::exhausted,
                physical.to_string() + " can have " + std::to_string(sriov->total_vfs) +
                    " virtual functions, not " + std::to_string(count),
                "ask for fewer");
  if (sriov->enabled_vfs == count) return {};
  const std::string number = sysfs.attribute(physical, "sriov_numvfs");
  if (sriov->drivers_autoprobe && count != 0) {
    const std::string autoprobe = sysfs.attribute(physical, "sriov_drivers_autoprobe");
    if (const auto off = sysfs.write(autoprobe, "0", deadline); !off) return off;
  }
  if (sriov->enabled_vfs != 0 && count != 0) {
    if (const auto none = sysfs.write(number, "0", deadline); !none) return none;
  }
  if (const auto made = sysfs.write(number, std::to_string(count), deadline); !made) return made;
  return confirm_count(sysfs, physical, count);
}

Outcome<void> reset_function(Sysfs& sysfs, PciAddress address, Duration deadline) {
  const auto function = read_function(sysfs, address);
  if (!function) return std::unexpected{function.error()};
  if (!function->can_reset)
    return fail(Error::Code::unavailable, address.to_string() + " has no reset of its own");
  return sysfs.write(sysfs.attribute(address, "reset"), "1", deadline);
}

}  // namespace arrakis::vfio
