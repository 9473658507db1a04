#include "vfio/iommu_group.h"

#include <gtest/gtest.h>

#include "vfio/fake/fake_sysfs.h"

namespace arrakis::vfio {
namespace {

class Groups : public testing::Test {
 protected:
  PciAddress add(std::string_view address, std::string driver, std::optional<unsigned> group) {
    PciFunction function{.address = PciAddress::parse(address).value()};
    function.driver = std::move(driver);
    function.iommu_group = group;
    sysfs_->add(function);
    return function.address;
  }

  std::unique_ptr<FakeSysfs> sysfs_ = FakeSysfs::make();
};

TEST_F(Groups, OfOneFunctionIsViable) {
  const PciAddress vf = add("0000:01:10.0", "vfio-pci", 12);
  const auto group = iommu_group_of(*sysfs_, vf);
  ASSERT_TRUE(group);
  EXPECT_EQ(group->id, 12U);
  EXPECT_TRUE(check_viable(*group));
}

TEST_F(Groups, NamesTheFunctionInTheWay) {
  const PciAddress ours = add("0000:01:00.0", "vfio-pci", 3);
  add("0000:00:01.0", "pcieport", 3);
  add("0000:01:00.1", "", 3);
  add("0000:01:00.2", "snd_hda_intel", 3);
  const auto group = iommu_group_of(*sysfs_, ours);
  ASSERT_TRUE(group);
  EXPECT_EQ(group->members.size(), 4U);
  ASSERT_EQ(in_the_way(*group).size(), 1U);
  const auto viable = check_viable(*group);
  EXPECT_EQ(viable.error().code, Error::Code::conflict);
  EXPECT_NE(viable.error().message.find("0000:01:00.2 (snd_hda_intel)"), std::string::npos);
}

TEST_F(Groups, NeedAnIommu) {
  const PciAddress device = add("0000:01:00.0", "", std::nullopt);
  const auto off = iommu_group_of(*sysfs_, device);
  EXPECT_EQ(off.error().code, Error::Code::unavailable);
  EXPECT_NE(off.error().remedy.find("intel_iommu=on"), std::string::npos);
  sysfs_->turn_iommu_on();
  EXPECT_NE(iommu_group_of(*sysfs_, device).error().message.find("does not cover"),
            std::string::npos);
}

}  // namespace
}  // namespace arrakis::vfio
