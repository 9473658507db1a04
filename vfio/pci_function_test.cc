#include "vfio/pci_function.h"

#include <gtest/gtest.h>

#include "vfio/fake/fake_sysfs.h"

namespace arrakis::vfio {
namespace {

PciAddress at(std::string_view text) { return PciAddress::parse(text).value(); }

TEST(PciAddress, IsWhatSysfsWrites) {
  EXPECT_EQ(at("0000:3b:02.1").to_string(), "0000:3b:02.1");
  EXPECT_EQ(at("3b:1f.7").to_string(), "0000:3b:1f.7");
  EXPECT_EQ(at("10000:01:00.0").to_string(), "10000:01:00.0");  // behind a VMD
  EXPECT_LT(at("0000:01:00.7"), at("0000:01:01.0"));
}

TEST(PciAddress, IsNothingElse) {
  for (const char* text :
       {"", "3b", "3b:02", "3b:02.", "3b:02.8", "3b:20.0", "3b:2.0", "g0:00.0", "0000:3b:02.1 ",
        "0000:3b:02.10", "000:3b:02.1", "0000:0000:3b:02.1", "../../etc", "3b.02:1", "-1:00.0"})
    EXPECT_FALSE(PciAddress::parse(text)) << text;
}

class Machine : public testing::Test {
 protected:
  Machine() {
    sysfs_->turn_iommu_on();
    PciFunction pf{.address = pf_, .vendor = 0x8086, .device = 0x10c9};
    pf.class_code = 0x020000;
    pf.driver = "igb";
    pf.iommu_group = 7;
    pf.sriov = SriovCapability{.total_vfs = 7};
    pf.netdevs = {"eth0"};
    sysfs_->add(pf);
    sysfs_->add({.address = plain_, .vendor = 0x1af4, .device = 0x1000, .class_code = 0x010802});
  }

  std::unique_ptr<FakeSysfs> sysfs_ = FakeSysfs::make();
  PciAddress pf_ = at("0000:01:00.0");
  PciAddress plain_ = at("0000:02:00.0");
};

TEST_F(Machine, TellsWhatAFunctionIs) {
  const PciFunction pf = read_function(*sysfs_, pf_).value();
  EXPECT_TRUE(pf.is_ethernet());
  EXPECT_EQ(pf.driver, "igb");
  EXPECT_EQ(pf.iommu_group, 7U);
  EXPECT_FALSE(pf.numa_node);
  EXPECT_EQ(pf.netdevs, std::vector<std::string>{"eth0"});
  ASSERT_TRUE(pf.sriov);
  EXPECT_EQ(pf.sriov->total_vfs, 7);
  EXPECT_FALSE(read_function(*sysfs_, plain_).value().sriov);
  EXPECT_EQ(list_functions(*sysfs_).size(), 2U);
}

TEST_F(Machine, KnowsWhatIsNotThere) {
  EXPECT_EQ(read_function(*sysfs_, at("0000:09:00.0")).error().code, Error::Code::not_found);
  EXPECT_EQ(set_virtual_functions(*sysfs_, at("0000:09:00.0"), 1).error().code,
            Error::Code::not_found);
  EXPECT_EQ(reset_function(*sysfs_, at("0000:09:00.0")).error().code, Error::Code::not_found);
}

TEST_F(Machine, MakesVirtualFunctionsThatTheKernelLeavesAlone) {
  ASSERT_TRUE(set_virtual_functions(*sysfs_, pf_, 2));
  const std::vector<PciAddress> vfs = virtual_functions(*sysfs_, pf_);
  ASSERT_EQ(vfs.size(), 2U);
  const PciFunction vf = read_function(*sysfs_, vfs[1]).value();
  EXPECT_EQ(vf.physical_function, pf_);
  EXPECT_EQ(vf.driver, "");
  EXPECT_FALSE(read_function(*sysfs_, pf_).value().sriov->drivers_autoprobe);
}

TEST_F(Machine, GoesOverNoneToAnotherNumber) {
  ASSERT_TRUE(set_virtual_functions(*sysfs_, pf_, 2));
  sysfs_->forget_writes();
  ASSERT_TRUE(set_virtual_functions(*sysfs_, pf_, 3));
  using Writes = std::vector<FakeSysfs::Write>;
  EXPECT_EQ(sysfs_->writes(), (Writes{{"sriov_numvfs", "0"}, {"sriov_numvfs", "3"}}));
  sysfs_->forget_writes();
  ASSERT_TRUE(set_virtual_functions(*sysfs_, pf_, 3));
  EXPECT_EQ(sysfs_->writes(), Writes{});
}

TEST_F(Machine, RefusesMoreThanThereCanBe) {
  const auto more = set_virtual_functions(*sysfs_, pf_, 8);
  EXPECT_EQ(more.error().code, Error::Code::exhausted);
  EXPECT_TRUE(sysfs_->writes().empty());
  EXPECT_EQ(set_virtual_functions(*sysfs_, plain_, 1).error().code, Error::Code::unavailable);
  ASSERT_TRUE(set_virtual_functions(*sysfs_, pf_, 1));
  const auto of_vf = set_virtual_functions(*sysfs_, virtual_functions(*sysfs_, pf_)[0], 1);
  EXPECT_EQ(of_vf.error().code, Error::Code::usage);
}

TEST_F(Machine, NoticesADriverThatSaysYesAndDoesNothing) {
  sysfs_->ignore("sriov_numvfs");
  EXPECT_EQ(set_virtual_functions(*sysfs_, pf_, 2).error().code, Error::Code::unavailable);
}

TEST_F(Machine, ResetsWhatCanBeReset) {
  ASSERT_TRUE(set_virtual_functions(*sysfs_, pf_, 1));
  const PciAddress vf = virtual_functions(*sysfs_, pf_)[0];
  EXPECT_TRUE(reset_function(*sysfs_, vf));
  EXPECT_EQ(sysfs_->resets_of(vf), 1U);
  EXPECT_EQ(reset_function(*sysfs_, plain_).error().code, Error::Code::unavailable);
}

}  // namespace
}  // namespace arrakis::vfio
