#include "vfio/driver_binding.h"

#include <gtest/gtest.h>

#include "vfio/fake/fake_sysfs.h"

namespace arrakis::vfio {
namespace {

class Binding : public testing::Test {
 protected:
  Binding() {
    PciFunction function{.address = device_, .vendor = 0x8086, .device = 0x10ca};
    function.driver = "igbvf";
    sysfs_->add(function);
    sysfs_->add_driver("vfio-pci");
  }

  std::string driver() const { return read_function(*sysfs_, device_).value().driver; }
  std::string override() const {
    return read_text(sysfs_->attribute(device_, "driver_override")).value();
  }

  std::unique_ptr<FakeSysfs> sysfs_ = FakeSysfs::make();
  PciAddress device_ = PciAddress::parse("0000:01:10.0").value();
};

TEST_F(Binding, TakesADriversPlaceAndGivesItBack) {
  const auto prior = bind_driver(*sysfs_, device_, "vfio-pci");
  ASSERT_TRUE(prior);
  EXPECT_EQ(*prior, (PriorDriver{.driver = "igbvf", .override = ""}));
  EXPECT_EQ(driver(), "vfio-pci");
  EXPECT_EQ(override(), "vfio-pci");
  ASSERT_TRUE(restore_driver(*sysfs_, device_, *prior));
  EXPECT_EQ(driver(), "igbvf");
  EXPECT_EQ(override(), "(null)");
}

TEST_F(Binding, GivesBackAnOverrideThatNamesAnotherDriver) {
  ASSERT_TRUE(sysfs_->write(sysfs_->attribute(device_, "driver_override"), "pci-stub"));
  const auto prior = bind_driver(*sysfs_, device_, "vfio-pci");
  ASSERT_TRUE(prior);
  ASSERT_TRUE(restore_driver(*sysfs_, device_, *prior));
  EXPECT_EQ(driver(), "igbvf");
  EXPECT_EQ(override(), "pci-stub");
}

TEST_F(Binding, GivesBackNoDriver) {
  ASSERT_TRUE(sysfs_->write(sysfs_->attribute(device_, "driver/unbind"), device_.to_string()));
  const auto prior = bind_driver(*sysfs_, device_, "vfio-pci");
  ASSERT_TRUE(prior);
  ASSERT_TRUE(restore_driver(*sysfs_, device_, *prior));
  EXPECT_EQ(driver(), "");
  EXPECT_EQ(override(), "(null)");
}

TEST_F(Binding, TwiceIsOnce) {
  ASSERT_TRUE(bind_driver(*sysfs_, device_, "vfio-pci"));
  const auto again = bind_driver(*sysfs_, device_, "vfio-pci");
  EXPECT_EQ(again.value(), (PriorDriver{.driver = "vfio-pci", .override = "vfio-pci"}));
  sysfs_->forget_writes();
  ASSERT_TRUE(restore_driver(*sysfs_, device_, *again));
  EXPECT_TRUE(sysfs_->writes().empty());
}

TEST_F(Binding, ChangesNothingWithoutTheDriver) {
  const auto bound = bind_driver(*sysfs_, device_, "uio_pci_generic");
  EXPECT_EQ(bound.error().code, Error::Code::unavailable);
  EXPECT_EQ(bound.error().remedy, "load it: modprobe uio_pci_generic");
  EXPECT_TRUE(sysfs_->writes().empty());
}

TEST_F(Binding, UndoesWhatTheDriverWouldNotTake) {
  sysfs_->refuse("drivers_probe", {.code = Error::Code::conflict, .message = "busy", .remedy = ""});
  const auto bound = bind_driver(*sysfs_, device_, "vfio-pci");
  ASSERT_FALSE(bound);
  EXPECT_NE(bound.error().message.find("did not come back"), std::string::npos);
  sysfs_->obey("drivers_probe");
  ASSERT_TRUE(restore_driver(*sysfs_, device_, {.driver = "igbvf", .override = ""}));
  EXPECT_EQ(driver(), "igbvf");
  EXPECT_EQ(override(), "(null)");
}

TEST_F(Binding, OfWhatIsNotThere) {
  const PciAddress gone = PciAddress::parse("0000:09:00.0").value();
  EXPECT_EQ(bind_driver(*sysfs_, gone, "vfio-pci").error().code, Error::Code::not_found);
  EXPECT_EQ(restore_driver(*sysfs_, gone, {}).error().code, Error::Code::not_found);
}

}  // namespace
}  // namespace arrakis::vfio
