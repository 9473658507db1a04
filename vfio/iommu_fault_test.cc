#include "vfio/iommu_fault.h"

#include <gtest/gtest.h>

#include <string>

namespace arrakis::vfio {
namespace {

using Access = IommuFault::Access;

IommuFault fault(std::string_view device, Access access, std::uint64_t address) {
  return {.device = PciAddress::parse(device).value(), .access = access, .address = Iova{address}};
}

TEST(IommuFault, AsVtdTellsIt) {
  EXPECT_EQ(
      parse_iommu_fault("3,912,11299461,-;DMAR: [DMA Write NO_PASID] Request device [01:10.0] "
                        "fault addr 0x35da000 [fault reason 0x05] PTE Write access is not set"),
      fault("01:10.0", Access::write, 0x35da000));
  EXPECT_EQ(parse_iommu_fault("DMAR: [DMA Read] Request device [3b:1f.7] fault addr 79000 "
                              "[fault reason 06] PTE Read access is not set"),
            fault("3b:1f.7", Access::read, 0x79000));
}

TEST(IommuFault, AsAmdTellsIt) {
  const std::string event =
      "AMD-Vi: Event logged [IO_PAGE_FAULT device=0000:01:10.0 domain=0x000a "
      "address=0xfffffffdf8000000 flags=0x00";
  EXPECT_EQ(parse_iommu_fault(event + "20]"),
            fault("01:10.0", Access::write, 0xffff'fffd'f800'0000));
  EXPECT_EQ(parse_iommu_fault("vfio-pci 0000:01:10.0: " + event + "00]"),
            fault("01:10.0", Access::read, 0xffff'fffd'f800'0000));
}

TEST(IommuFault, NothingElseIsOne) {
  for (const char* line :
       {"", "DMAR: DRHD: handling fault status reg 2", "DMAR: [DMA Write] Request device [01:10.0]",
        "DMAR: [DMA Write] Request device [01:10.0 fault addr 0x1", "DMAR: [DMA Write",
        "DMAR: [DMA Write] Request device [01:20.0] fault addr 0x1000 [fault reason 05]",
        "DMAR: [DMA Write] Request device [01:10.0] fault addr 0x1g [fault reason 05]",
        "DMAR: [DMA Write] Request device [01:10.0] fault addr 0x11112222333344445 [",
        "AMD-Vi: Event logged [IO_PAGE_FAULT device=0000:01:10.0 domain=0x000a address=0x1]"})
    EXPECT_FALSE(parse_iommu_fault(line)) << line;
}

}  // namespace
}  // namespace arrakis::vfio
