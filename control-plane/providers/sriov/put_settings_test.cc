#include "control-plane/providers/sriov/put_settings.h"

#include <gtest/gtest.h>

#include "control-plane/providers/sriov/fake_vf_links.h"

namespace arrakis::control::sriov {
namespace {

const VfSettings wanted{.mac = {{2, 0, 0, 0, 0, 9}}, .vlan = 7, .rate_mbps = 100};

class PutSettings : public testing::Test {
 protected:
  PutSettings() { links_.link.vfs.resize(2); }
  Outcome<void> put(std::uint16_t vf, const VfSettings& to) {
    return put_settings(links_, "ens1f0", vf, to,
                        [this](std::string_view step) { steps_.emplace_back(step); });
  }
  FakeVfLinks links_;
  std::vector<std::string> steps_;
};

TEST_F(PutSettings, ChangesWhatDiffersMacFirst) {
  ASSERT_TRUE(put(1, wanted));
  EXPECT_EQ(links_.link.vfs[1].settings, wanted);
  EXPECT_EQ(links_.link.vfs[0].settings, VfSettings{});
  EXPECT_EQ(links_.changes, (std::vector{Attribute::mac, Attribute::vlan, Attribute::rate}));
  EXPECT_EQ(steps_, (std::vector<std::string>{"sriov.mac", "sriov.vlan", "sriov.rate"}));
  links_.changes.clear();
  ASSERT_TRUE(put(1, wanted));
  EXPECT_TRUE(links_.changes.empty());  // a driver that refuses a rate of 0 is not asked for it
}

TEST_F(PutSettings, SaysWhatADriverAcceptedAndDidNotKeep) {
  links_.ignored = Attribute::rate;
  const auto put_it = put(0, wanted);
  ASSERT_FALSE(put_it);
  EXPECT_EQ(put_it.error().code, Error::Code::unavailable);
  EXPECT_EQ(put_it.error().message,
            "VF 0 of ens1f0 was not set as asked; asked: rate 100M, kept: rate none");
}

TEST_F(PutSettings, StopsAtARefusal) {
  links_.refused = Attribute::vlan;
  EXPECT_FALSE(put(0, wanted));
  EXPECT_EQ(links_.changes, std::vector{Attribute::mac});
}

TEST_F(PutSettings, AVfThatVanishedIsNotFound) {
  const auto gone = put(2, wanted);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, Error::Code::not_found);
}

}  // namespace
}  // namespace arrakis::control::sriov
