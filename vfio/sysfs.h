// sysfs.h: the kernel's files about PCI devices, and writes to them that cannot hang the caller.
//
// A write can block for ever (a driver that waits for its VFs, a VF that is in use). So it happens
// in a process of its own, and the caller waits for it no longer than it wants to.
//
// Threads:  one; forks.
// Testing:  every path begins with a root. FakeSysfs lays a tree in a folder and does in write()
//           what the kernel would.
// Errors:   not_found: no such device or attribute; conflict: in use; denied: not permitted;
//           unavailable: the driver refused, or did not finish in time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/instant.h"
#include "vfio/pci_address.h"

namespace arrakis::vfio {

class Sysfs {
 public:
  // A driver that makes 63 VFs takes seconds; one that never answers is not waited for.
  static constexpr Duration write_deadline = Duration::seconds(20);

  explicit Sysfs(std::string root = "") : root_{std::move(root)} {}
  virtual ~Sysfs() = default;
  Sysfs(const Sysfs&) = delete;
  Sysfs& operator=(const Sysfs&) = delete;

  // Writes the whole of `text` at once, as attributes want it.
  Outcome<void> write(const std::string& path, std::string_view text,
                      Duration deadline = write_deadline) {
    return do_write(path, text, deadline);
  }

  std::string devices() const { return root_ + "/sys/bus/pci/devices"; }
  std::string device(PciAddress address) const { return devices() + '/' + address.to_string(); }
  std::string attribute(PciAddress address, std::string_view name) const {
    return device(address) + '/' + std::string{name};
  }
  std::string driver(std::string_view name) const {
    return root_ + "/sys/bus/pci/drivers/" + std::string{name};
  }
  std::string drivers_probe() const { return root_ + "/sys/bus/pci/drivers_probe"; }
  std::string iommus() const { return root_ + "/sys/class/iommu"; }
  std::string iommu_group(unsigned id) const {
    return root_ + "/sys/kernel/iommu_groups/" + std::to_string(id);
  }
  // The character devices: all containers are made from one, each group has its own.
  std::string vfio_container() const { return root_ + "/dev/vfio/vfio"; }
  std::string vfio_group(unsigned id) const { return root_ + "/dev/vfio/" + std::to_string(id); }
  std::string kernel_log() const { return root_ + "/dev/kmsg"; }

 private:
  virtual Outcome<void> do_write(const std::string& path, std::string_view text, Duration deadline);

  std::string root_;
};

Outcome<std::string> read_text(const std::string& path);      // without the line's end
Outcome<std::uint64_t> read_number(const std::string& path);  // decimal, or hexadecimal after 0x
bool exists(const std::string& path);
// The last name of what a symbolic link points at: "ixgbe" of a device's `driver`.
std::optional<std::string> link_name(const std::string& path);
std::vector<std::string> entries(const std::string& folder);  // names, sorted; none: no such folder

// What `errno` after `what` ("write 4 to ...") means to a caller. Also used for VFIO's own calls.
std::unexpected<Error> failed(int error_number, const std::string& what, std::string remedy = "");

}  // namespace arrakis::vfio
