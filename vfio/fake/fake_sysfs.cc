#include "vfio/fake/fake_sysfs.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/check.h"

namespace arrakis::vfio {
namespace {

namespace fs = std::filesystem;

std::string hexadecimal(std::uint32_t value, int digits) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "0x%0*x", digits, value);
  return text.data();
}

std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

PciAddress address_in(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  const auto address = PciAddress::parse(text);
  ARK_CHECK(address);
  return *address;
}

// The device that an attribute is of: the folder that holds it, or its `driver`.
PciAddress device_of(const std::string& path) {
  fs::path folder = fs::path{path}.parent_path();
  if (folder.filename() == "driver") folder = folder.parent_path();
  return address_in(folder.filename().string());
}

// Where VF `index` appears: the functions behind its PF, as the 82576 has them from offset 128 on,
// here from the next device number on.
PciAddress vf_address(PciAddress physical, std::uint16_t index) {
  const unsigned routing = physical.device() * 8U + physical.function() + 8U + index;
  ARK_CHECK(routing < 256);
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "%04x:%02x:%02x.%x", physical.domain(), physical.bus(),
                routing / 8, routing % 8);
  return address_in(text.data());
}

}  // namespace

std::unique_ptr<FakeSysfs> FakeSysfs::make() {
  std::string folder = (fs::temp_directory_path() / "fake-sysfs-XXXXXX").string();
  ARK_CHECK(::mkdtemp(folder.data()) != nullptr);
  return std::unique_ptr<FakeSysfs>{new FakeSysfs{std::move(folder)}};
}

FakeSysfs::FakeSysfs(std::string folder) : Sysfs{folder}, folder_{std::move(folder)} {
  fs::create_directories(devices());
  fs::create_directories(folder_ + "/sys/bus/pci/drivers");
  fs::create_directories(folder_ + "/sys/kernel/iommu_groups");
  fs::create_directories(iommus());
  fs::create_directories(folder_ + "/dev/vfio");
  put(drivers_probe(), "");
  put(vfio_container(), "");
}

FakeSysfs::~FakeSysfs() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void FakeSysfs::put(const std::string& path, std::string_view text) const {
  std::ofstream{path} << text << '\n';
}

void FakeSysfs::turn_iommu_on() { fs::create_directories(iommus() + "/dmar0"); }

void FakeSysfs::add_driver(const std::string& name) {
  fs::create_directories(driver(name));
  put(driver(name) + "/bind", "");
  put(driver(name) + "/unbind", "");
}

void FakeSysfs::add(const PciFunction& function) {
  const std::string folder = device(function.address);
  fs::create_directories(folder);
  put(folder + "/vendor", hexadecimal(function.vendor, 4));
  put(folder + "/device", hexadecimal(function.device, 4));
  put(folder + "/class", hexadecimal(function.class_code, 6));
  put(folder + "/driver_override", "(null)");
  put(folder + "/numa_node", function.numa_node ? std::to_string(*function.numa_node) : "-1");
  if (function.can_reset) put(folder + "/reset", "");
  for (const std::string& netdev : function.netdevs)
    fs::create_directories(fs::path{folder} / "net" / netdev);
  if (function.iommu_group) {
    const std::string group = iommu_group(*function.iommu_group);
    fs::create_directories(group + "/devices");
    fs::create_symlink(folder, group + "/devices/" + function.address.to_string());
    fs::create_symlink(group, folder + "/iommu_group");
  }
  if (function.physical_function)
    fs::create_symlink(device(*function.physical_function), folder + "/physfn");
  if (function.sriov) {
    put(folder + "/sriov_totalvfs", std::to_string(function.sriov->total_vfs));
    put(folder + "/sriov_numvfs", "0");
    put(folder + "/sriov_drivers_autoprobe", function.sriov->drivers_autoprobe ? "1" : "0");
    set_vfs(function.address, function.sriov->enabled_vfs);
  }
  if (!function.driver.empty()) {
    add_driver(function.driver);
    bind(function.address, function.driver);
  }
}

void FakeSysfs::remove(PciAddress address) {
  for (const PciAddress vf : virtual_functions(*this, address)) remove(vf);
  unbind(address);
  if (const auto group = link_name(attribute(address, "iommu_group")))
    fs::remove_all(folder_ + "/sys/kernel/iommu_groups/" + *group);
  fs::remove_all(device(address));
}

unsigned FakeSysfs::next_group() const {
  unsigned next = 0;
  for (const std::string& name : entries(folder_ + "/sys/kernel/iommu_groups"))
    next = std::max(next, static_cast<unsigned>(std::atoi(name.c_str())) + 1);
  return next;
}

void FakeSysfs::set_vfs(PciAddress physical, std::uint16_t count) {
  const std::vector<PciAddress> present = virtual_functions(*this, physical);
  for (std::size_t i = 0; i < present.size(); ++i) {
    remove(present[i]);
    fs::remove(attribute(physical, "virtfn" + std::to_string(i)));
  }
  for (std::uint16_t i = 0; i < count; ++i) add_vf(physical, i);
  put(attribute(physical, "sriov_numvfs"), std::to_string(count));
}

void FakeSysfs::add_vf(PciAddress physical, std::uint16_t index) {
  const auto owner = read_function(*this, physical);
  ARK_CHECK(owner);
  PciFunction vf{.address = vf_address(physical, index)};
  vf.vendor = owner->vendor;
  vf.device = 0x10ca;  // of the 82576
  vf.class_code = owner->class_code;
  vf.numa_node = owner->numa_node;
  vf.physical_function = physical;
  vf.can_reset = true;
  if (!entries(iommus()).empty()) vf.iommu_group = next_group();
  add(vf);
  fs::create_symlink(device(vf.address), attribute(physical, "virtfn" + std::to_string(index)));
}

void FakeSysfs::bind(PciAddress address, const std::string& name) {
  fs::create_symlink(device(address), driver(name) + '/' + address.to_string());
  fs::create_symlink(driver(name), attribute(address, "driver"));
  const auto group = link_name(attribute(address, "iommu_group"));
  if (name == "vfio-pci" && group) put(folder_ + "/dev/vfio/" + *group, "");
}

void FakeSysfs::unbind(PciAddress address) {
  const auto bound = link_name(attribute(address, "driver"));
  if (!bound) return;
  fs::remove(driver(*bound) + '/' + address.to_string());
  fs::remove(attribute(address, "driver"));
  const auto group = link_name(attribute(address, "iommu_group"));
  if (*bound == "vfio-pci" && group) fs::remove(folder_ + "/dev/vfio/" + *group);
}

// pci_device_can_probe() and driver_override: no other driver of the kernel is in this machine.
void FakeSysfs::probe(PciAddress address) {
  const auto override = read_text(attribute(address, "driver_override"));
  if (!override || link_name(attribute(address, "driver"))) return;
  if (*override != "(null)" && exists(driver(*override))) bind(address, *override);
}

void FakeSysfs::obey(const std::string& attribute) {
  refused_.erase(attribute);
  std::erase(ignored_, attribute);
}

unsigned FakeSysfs::resets_of(PciAddress address) const {
  const auto found = resets_.find(address);
  return found == resets_.end() ? 0 : found->second;
}

Outcome<void> FakeSysfs::do_write(const std::string& path, std::string_view text, Duration) {
  const std::string name = name_of(path);
  writes_.push_back({name, std::string{text}});
  if (const auto refused = refused_.find(name); refused != refused_.end())
    return std::unexpected{refused->second};
  if (!exists(path)) return failed(ENOENT, "write to " + path);
  if (std::ranges::find(ignored_, name) != ignored_.end()) return {};
  if (name == "sriov_numvfs") {
    const auto count = static_cast<std::uint16_t>(std::atoi(std::string{text}.c_str()));
    const auto present = read_number(path);
    if (count != 0 && present && *present != 0) return failed(EBUSY, "write to " + path);
    set_vfs(device_of(path), count);
  } else if (name == "driver_override") {
    put(path, text == "\n" ? "(null)" : text);
  } else if (name == "drivers_probe") {
    probe(address_in(text));
  } else if (name == "unbind") {
    unbind(address_in(text));
  } else if (name == "reset") {
    ++resets_[device_of(path)];
  } else {
    put(path, text);
  }
  return {};
}

}  // namespace arrakis::vfio
