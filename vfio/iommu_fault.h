// iommu_fault.h: a device tried to reach memory that it was not given. The IOMMU stopped it and
// told the kernel, which told its log: nobody else is told, not even the process that drives it.
//
// Kept by the kernel within its own limits: of many faults in a row some are never logged.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "vfio/descriptor.h"
#include "vfio/iova.h"
#include "vfio/sysfs.h"

namespace arrakis::vfio {

struct IommuFault {
  enum class Access : std::uint8_t { read, write, unknown };

  PciAddress device;
  Access access;
  Iova address;

  friend bool operator==(const IommuFault&, const IommuFault&) = default;
};

// One line of the kernel's log, as VT-d's or AMD's driver writes it; nothing: it tells of no fault.
std::optional<IommuFault> parse_iommu_fault(std::string_view line);

// The kernel's log from now on.
class FaultLog {
 public:
  // denied: without CAP_SYSLOG where kernel.dmesg_restrict is set. It is asked for here alone.
  static Outcome<FaultLog> open(const Sysfs& sysfs);

  // Readable when there is something for next(), a fault or not.
  int fd() const { return log_.get(); }
  // The next fault; nothing: there is none yet.
  std::optional<IommuFault> next();

 private:
  explicit FaultLog(Descriptor log) : log_{std::move(log)} {}

  Descriptor log_;
};

}  // namespace arrakis::vfio
