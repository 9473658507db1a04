// driver_binding.h: a function changes its driver, and gets its former one back exactly.
//
// By driver_override, which speaks of this one function: new_id would claim every device of its
// kind, now and when one is plugged in.
#pragma once

#include <string>

#include "vfio/sysfs.h"

namespace arrakis::vfio {

// What was before: a value, to be kept over a restart of whoever asked for the change.
struct PriorDriver {
  std::string driver;    // empty: none was bound
  std::string override;  // empty: none was set

  friend bool operator==(const PriorDriver&, const PriorDriver&) = default;
};

// Binds `driver` and only it. An error has changed nothing, or says what could not be undone.
// unavailable: the driver is not in the kernel, or it refused the device.
Outcome<PriorDriver> bind_driver(Sysfs& sysfs, PciAddress address, const std::string& driver,
                                 Duration deadline = Sysfs::write_deadline);

// Makes it as it was. Harmless when it is so already.
Outcome<void> restore_driver(Sysfs& sysfs, PciAddress address, const PriorDriver& prior,
                             Duration deadline = Sysfs::write_deadline);

}  // namespace arrakis::vfio
