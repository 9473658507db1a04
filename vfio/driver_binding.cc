#include "vfio/driver_binding.h"

#include "vfio/pci_function.h"

namespace arrakis::vfio {
namespace {

constexpr const char* no_override = "(null)";  // what the kernel prints of one that is not set

std::string driver_of(const Sysfs& sysfs, PciAddress address) {
  return link_name(sysfs.attribute(address, "driver")).value_or("");
}

Outcome<PriorDriver> present_state(const Sysfs& sysfs, PciAddress address) {
  auto override = read_text(sysfs.attribute(address, "driver_override"));
  if (!override)
    return fail(Error::Code::not_found, "there is no PCI function " + address.to_string(),
                "lspci lists what there is");
  if (*override == no_override) override->clear();
  return PriorDriver{.driver = driver_of(sysfs, address), .override = *std::move(override)};
}

class Change {
 public:
  Change(Sysfs& sysfs, PciAddress address, Duration deadline)
      : sysfs_{sysfs}, address_{address}, deadline_{deadline} {}

  // An empty name is written as an empty line: a write of no bytes does not reach the kernel.
  Outcome<void> override_with(const std::string& driver) {
    return sysfs_.write(sysfs_.attribute(address_, "driver_override"),
                        driver.empty() ? "\n" : driver, deadline_);
  }

  // Binds `driver`, or none, with driver_override left behind as `driver`.
  Outcome<void> be_driven_by(const std::string& driver) {
    if (const auto set = override_with(driver); !set) return set;
    const std::string now = driver_of(sysfs_, address_);
    if (now == driver) return {};
    if (!now.empty()) {
      const auto unbound = sysfs_.write(sysfs_.attribute(address_, "driver/unbind"),
                                        address_.to_string(), deadline_);
      if (!unbound) return unbound;
    }
    if (driver.empty()) return {};
    const auto probed = sysfs_.write(sysfs_.drivers_probe(), address_.to_string(), deadline_);
    if (!probed) return probed;
    if (driver_of(sysfs_, address_) == driver) return {};
    return fail(Error::Code::unavailable, driver + " did not take " + address_.to_string(),
                "the kernel's log (dmesg) says why");
  }

 private:
  Sysfs& sysfs_;
  PciAddress address_;
  Duration deadline_;
};

}  // namespace

Outcome<PriorDriver> bind_driver(Sysfs& sysfs, PciAddress address, const std::string& driver,
                                 Duration deadline) {
  auto prior = present_state(sysfs, address);
  if (!prior) return prior;
  if (!exists(sysfs.driver(driver)))
    return fail(Error::Code::unavailable, "the kernel has no PCI driver " + driver,
                "load it: modprobe " + driver);
  Change change{sysfs, address, deadline};
  if (const auto bound = change.be_driven_by(driver); !bound) {
    Error error = bound.error();
    if (const auto undone = restore_driver(sysfs, address, *prior, deadline); !undone)
      error.message += "; and its former driver did not come back: " + undone.error().message;
    return std::unexpected{std::move(error)};
  }
  return prior;
}

Outcome<void> restore_driver(Sysfs& sysfs, PciAddress address, const PriorDriver& prior,
                             Duration deadline) {
  const auto now = present_state(sysfs, address);
  if (!now) return std::unexpected{now.error()};
  if (*now == prior) return {};
  Change change{sysfs, address, deadline};
  // The former driver is named, for otherwise a VF whose PF has drivers_autoprobe off gets none.
  if (const auto bound = change.be_driven_by(prior.driver); !bound) return bound;
  return prior.override == prior.driver ? Outcome<void>{} : change.override_with(prior.override);
}

}  // namespace arrakis::vfio
