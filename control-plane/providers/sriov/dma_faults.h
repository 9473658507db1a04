// dma_faults.h: VNICs whose function was told to reach memory that it was not given.
//
// Errors: without the kernel's log there is never a fault, and examine() says why.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "control-plane/providers/provider.h"
#include "vfio/iommu_fault.h"

namespace arrakis::control::sriov {

class DmaFaults {
 public:
  // Of the kernel's log from now on, which is opened here and needs CAP_SYSLOG.
  explicit DmaFaults(const vfio::Sysfs& sysfs) : log_{vfio::FaultLog::open(sysfs)} {}

  int fd() const { return log_ ? log_->fd() : -1; }
  Finding examine() const;
  // Those that the kernel has told of since the last call.
  std::vector<VnicNews> take(const vfio::Sysfs& sysfs, std::span<const VnicSpec> present);

  std::uint64_t count(const std::string& vnic) const;
  void forget(const std::string& vnic) { counts_.erase(vnic); }

 private:
  Outcome<vfio::FaultLog> log_;
  std::map<std::string, std::uint64_t> counts_;  // by VNIC
};

}  // namespace arrakis::control::sriov
