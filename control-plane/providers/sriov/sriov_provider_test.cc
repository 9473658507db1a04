#include "control-plane/providers/sriov/sriov_provider.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "control-plane/providers/sriov/fake_vf_links.h"
#include "vfio/fake/fake_sysfs.h"

namespace arrakis::control {
namespace {

using sriov::Attribute;
using sriov::FakeVfLinks;
using sriov::VfSettings;
using vfio::FakeSysfs;
using vfio::PciAddress;

struct Crash {};

const std::string card_address = "0000:3b:00.0";

PciAddress at(std::string_view text) { return *PciAddress::parse(text); }

class Sriov : public testing::Test {
 protected:
  Sriov() {
    auto sysfs = FakeSysfs::make();
    auto links = std::make_unique<FakeVfLinks>();
    sysfs_ = sysfs.get();
    links_ = links.get();
    links_->link.vfs.resize(4);
    std::ofstream{sysfs_->kernel_log()} << "3,0,0,-;what was before\n";
    sysfs_->turn_iommu_on();
    sysfs_->add_driver("vfio-pci");
    plug_in();
    provider_ = std::make_unique<SriovProvider>(
        SriovProvider::Parts{.sysfs = std::move(sysfs),
                             .links = std::move(links),
                             .cards = {card_address},
                             .step = [this](std::string_view step) { reached(step); },
                             .locked_bytes = 4096});
  }

  void plug_in() {
    sysfs_->add({.address = at(card_address),
                 .vendor = 0x8086,
                 .device = 0x10c9,
                 .class_code = 0x020000,
                 .driver = "igb",
                 .iommu_group = 5,
                 .sriov = vfio::SriovCapability{.total_vfs = 7},
                 .netdevs = {"ens1f0"},
                 .can_reset = true});
  }
  void reached(std::string_view step) {
    if (step == dies_at_) throw Crash{};
    if (step != vanishes_at_) return;
    if (only_functions_)
      (void)vfio::set_virtual_functions(*sysfs_, at(card_address), 0);
    else
      sysfs_->remove(at(card_address));
  }

  static VnicSpec spec(std::uint16_t index = 0) {
    return {
        .name = "vf" + std::to_string(index),
        .app = "cache",
        .provider = "sriov",
        .mac = {{2, 0, 0, 0, 0, static_cast<std::uint8_t>(index + 1)}},
        .rate = {100'000'000},
        .function = VirtualFunction{
            .physical = card_address, .count = 4, .index = index, .vlan = 7, .unfiltered = true}};
  }
  static Holder holder() { return {.pid = ::getpid(), .uid = ::getuid()}; }

  void create_and_admit(VnicSpec vnic) {
    if (provider_->create(vnic)) (void)provider_->admit(vnic, holder());
  }

  std::string driver_of(std::uint16_t index) const {
    const auto all = vfio::virtual_functions(*sysfs_, at(card_address));
    return index < all.size() ? vfio::read_function(*sysfs_, all[index])->driver : "no such VF";
  }
  void expect_at_rest() const {
    for (std::uint16_t i = 0; i < 4; ++i) {
      EXPECT_EQ(links_->link.vfs[i].settings, VfSettings{}) << i;
      EXPECT_TRUE(driver_of(i).empty() || driver_of(i) == "no such VF") << driver_of(i);
    }
  }
  Error refusal(const VnicSpec& spec) {
    const auto checked = provider_->check(spec);
    EXPECT_FALSE(checked);
    if (checked) return {};
    EXPECT_FALSE(checked.error().remedy.empty()) << checked.error().message;
    EXPECT_EQ(vfio::virtual_functions(*sysfs_, at(card_address)).size(), 0u);
    return checked.error();
  }
  // A disk of this function holds the root file system.
  void put_root_on(const std::string& function) const {
    put("/proc/self/mountinfo", "22 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw\n");
    const std::filesystem::path root{sriov::root_of(*sysfs_)};
    const auto block = root / "sys/devices/pci0000:00" / function / "nvme/nvme0/nvme0n1/nvme0n1p2";
    std::filesystem::create_directories(block);
    std::filesystem::create_directories(root / "sys/dev/block");
    std::filesystem::create_symlink(block, root / "sys/dev/block/259:2");
  }
  void put(const std::string& path, const std::string& text) const {
    const std::string whole = sriov::root_of(*sysfs_) + path;
    std::filesystem::create_directories(std::filesystem::path{whole}.parent_path());
    std::ofstream{whole} << text;
  }

  FakeSysfs* sysfs_;
  FakeVfLinks* links_;
  std::string dies_at_, vanishes_at_;
  bool only_functions_ = false;  // vanish, and not the card
  std::unique_ptr<SriovProvider> provider_;
};

TEST_F(Sriov, MakesAFunctionThatItsProcessMayOpenAndTakesItBack) {
  VnicSpec vnic = spec(1);
  const auto enforced = provider_->check(vnic);
  ASSERT_TRUE(enforced) << enforced.error().message;
  EXPECT_EQ(*enforced, (std::vector<std::string>{"source mac", "rate", "vlan"}));
  ASSERT_TRUE(provider_->reserve(vnic));
  expect_at_rest();
  EXPECT_TRUE(links_->link.is_up);
  const auto created = provider_->create(vnic);
  ASSERT_TRUE(created) << created.error().message;
  ASSERT_TRUE(provider_->admit(vnic, holder()));
  EXPECT_EQ(driver_of(1), "vfio-pci");
  EXPECT_EQ(driver_of(0), "");
  EXPECT_EQ(links_->link.vfs[1].settings,
            (VfSettings{.mac = vnic.mac, .vlan = 7, .rate_mbps = 100}));
  const auto grant = provider_->open(vnic, 0);
  ASSERT_TRUE(grant);
  const auto& sriov = std::get<SriovQueueGrant>(*grant);
  EXPECT_EQ(sriov.function, provider_->device(vnic));
  const auto group = vfio::read_function(*sysfs_, at(sriov.function))->iommu_group;
  struct stat node{};
  ASSERT_EQ(::stat(sysfs_->vfio_group(*group).c_str(), &node), 0);
  EXPECT_EQ(node.st_mode & 0777, 0600u);
  EXPECT_EQ(node.st_uid, ::getuid());

  if (::getuid() == 0) {  // the node goes back to root, which others may not do
    ASSERT_TRUE(provider_->scrub(vnic));
    expect_at_rest();
    EXPECT_EQ(sysfs_->resets_of(at(sriov.function)), 2u);  // before and after
    ASSERT_TRUE(provider_->create(vnic));
    EXPECT_EQ(sysfs_->resets_of(at(sriov.function)), 2u);  // it was at rest, and nobody had it
  }
}

TEST_F(Sriov, RefusesWhatACardCannotBe) {
  using enum Error::Code;
  const auto code = [this](auto change) {
    VnicSpec vnic = spec();
    change(vnic);
    return refusal(vnic).code;
  };
  EXPECT_EQ(code([](VnicSpec& v) { v.filters = {*parse_filter("rx udp port 7")}; }), unavailable);
  EXPECT_EQ(code([](VnicSpec& v) { v.function->unfiltered = false; }), denied);
  EXPECT_EQ(code([](VnicSpec& v) { v.rate = {1'500'000}; }), unavailable);
  EXPECT_EQ(code([](VnicSpec& v) { v.mtu_bytes = 9000; }), unavailable);
  EXPECT_EQ(code([](VnicSpec& v) { v.queues = 17; }), usage);
  EXPECT_EQ(code([](VnicSpec& v) { v.function->count = 8; }), exhausted);
  EXPECT_EQ(code([](VnicSpec& v) { v.function->physical = "0000:99:00.0"; }), not_found);
  EXPECT_EQ(code([](VnicSpec& v) { v.function->physical = "ens9"; }), not_found);
  EXPECT_EQ(code([](VnicSpec& v) { v.mac.bytes[0] = 1; }), usage);
  EXPECT_EQ(code([](VnicSpec& v) { v.mac = {{0x52, 0x54, 0, 0, 0, 1}}; }), conflict);
}

TEST_F(Sriov, RefusesWhatIsNoNetworkCard) {
  sysfs_->add({.address = at("0000:02:00.0"), .class_code = 0x010802, .driver = "nvme"});
  VnicSpec vnic = spec();
  vnic.function->physical = "0000:02:00.0";
  EXPECT_EQ(refusal(vnic).message, "0000:02:00.0 is no network card: its class is 010802");
  put_root_on("0000:02:00.0");
  vnic.function->forced = true;  // changes nothing: it has no functions to give
  EXPECT_EQ(refusal(vnic).message,
            "0000:02:00.0 is no network card: its class is 010802, and it carries the root file "
            "system (nvme0n1p2)");
}

TEST_F(Sriov, SparesACardThatCarriesTheRootFileSystemUnlessForced) {
  put_root_on(card_address);
  VnicSpec vnic = spec();
  const Error error = refusal(vnic);
  EXPECT_EQ(error.code, Error::Code::conflict);
  EXPECT_NE(error.message.find("the root file system (nvme0n1p2)"), std::string::npos);
  EXPECT_NE(error.remedy.find("--force"), std::string::npos);
  vnic.function->forced = true;
  EXPECT_TRUE(provider_->check(vnic));
}

TEST_F(Sriov, SparesACardThatCarriesTheDefaultRouteUnlessForced) {
  put("/proc/net/route",
      "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n"
      "ens1f0 00000000 0100000A 0003 0 0 0 00000000 0 0 0\n");
  VnicSpec vnic = spec();
  const Error error = refusal(vnic);
  EXPECT_EQ(error.code, Error::Code::conflict);
  EXPECT_NE(error.message.find("the default route (ens1f0)"), std::string::npos);
  vnic.function->forced = true;
  EXPECT_TRUE(provider_->check(vnic));
}

TEST_F(Sriov, RefusesAMacOfAnotherFunction) {
  links_->link.vfs[3].settings.mac = spec().mac;
  EXPECT_EQ(refusal(spec()).message, "02:00:00:00:00:01 is the MAC of VF 3 of ens1f0");
}

TEST_F(Sriov, LeavesAloneAnotherNumberOfFunctionsAndOneInUse) {
  ASSERT_TRUE(vfio::set_virtual_functions(*sysfs_, at(card_address), 2));
  const auto other = provider_->reserve(spec());
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Error::Code::conflict);
  EXPECT_EQ(vfio::virtual_functions(*sysfs_, at(card_address)).size(), 2u);

  ASSERT_TRUE(vfio::set_virtual_functions(*sysfs_, at(card_address), 4));
  sysfs_->add_driver("igbvf");
  const auto function = vfio::virtual_functions(*sysfs_, at(card_address))[0];
  ASSERT_TRUE(sysfs_->write(sysfs_->attribute(function, "driver_override"), "igbvf"));
  ASSERT_TRUE(sysfs_->write(sysfs_->drivers_probe(), function.to_string()));
  const auto used = provider_->check(spec());
  ASSERT_FALSE(used);
  EXPECT_NE(used.error().message.find("the kernel's driver igbvf has it"), std::string::npos);
  EXPECT_TRUE(provider_->check(spec(1)));
}

TEST_F(Sriov, ARefusedStepLeavesNothingHalfMade) {
  if (::getuid() != 0) GTEST_SKIP() << "gives nodes back to root";
  for (const auto attribute : {Attribute::mac, Attribute::vlan, Attribute::rate}) {
    links_->refused = attribute;
    VnicSpec vnic = spec(2);
    EXPECT_FALSE(provider_->create(vnic));
    links_->refused.reset();
    expect_at_rest();
  }
  links_->ignored = Attribute::rate;
  VnicSpec vnic = spec(2);
  EXPECT_FALSE(provider_->create(vnic));
  links_->ignored.reset();
  expect_at_rest();
  sysfs_->refuse("drivers_probe", {Error::Code::unavailable, "no", ""});
  EXPECT_FALSE(provider_->create(vnic));
  sysfs_->obey("drivers_probe");
  expect_at_rest();
  EXPECT_TRUE(provider_->create(vnic));
}

// As a daemon that was killed after each step: the next one finds nothing of an unknown VNIC.
TEST_F(Sriov, WhatACrashLeavesBehindIsRemovedByTheNextDaemon) {
  if (::getuid() != 0) GTEST_SKIP() << "gives nodes back to root";
  for (const char* step : {"sriov.up", "sriov.vfs", "sriov.mac", "sriov.vlan", "sriov.rate",
                           "sriov.bound", "sriov.memlock", "sriov.node"}) {
    dies_at_ = step;
    EXPECT_THROW(create_and_admit(spec(1)), Crash) << step;
    dies_at_.clear();
    EXPECT_TRUE(provider_->adopt({}).empty());
    expect_at_rest();
  }
}

TEST_F(Sriov, ACardThatVanishesBetweenTwoStepsIsAnError) {
  if (::getuid() != 0) GTEST_SKIP() << "gives nodes back to root";
  for (const char* step : {"sriov.up", "sriov.vfs", "sriov.closed", "sriov.unbound", "sriov.reset",
                           "sriov.mac", "sriov.vlan", "sriov.rate", "sriov.bound"}) {
    vanishes_at_ = step;
    VnicSpec vnic = spec(1);
    const auto made = provider_->create(vnic);
    ASSERT_FALSE(made) << step;
    EXPECT_FALSE(made.error().message.empty());
    vanishes_at_.clear();
    EXPECT_FALSE(provider_->admit(vnic, holder())) << step;
    EXPECT_TRUE(provider_->scrub(vnic)) << step;  // nothing is left of it
    plug_in();
    EXPECT_TRUE(provider_->create(vnic)) << step;
    sysfs_->remove(at(card_address));
    plug_in();
    links_->link.vfs.assign(4, {});
  }
}

TEST_F(Sriov, AFunctionThatVanishesBetweenTwoStepsIsAnError) {
  if (::getuid() != 0) GTEST_SKIP() << "gives nodes back to root";
  only_functions_ = true;
  for (const char* step : {"sriov.vfs", "sriov.closed", "sriov.unbound", "sriov.reset",
                           "sriov.rested", "sriov.mac", "sriov.vlan", "sriov.rate"}) {
    vanishes_at_ = step;
    VnicSpec vnic = spec(1);
    const auto made = provider_->create(vnic);
    ASSERT_FALSE(made) << step;
    EXPECT_FALSE(made.error().message.empty());
    vanishes_at_.clear();
    EXPECT_FALSE(provider_->admit(vnic, holder())) << step;
    EXPECT_TRUE(provider_->scrub(vnic)) << step;  // nothing is left of it
    links_->link.vfs.assign(4, {});
    EXPECT_TRUE(provider_->create(vnic)) << step;
    ASSERT_TRUE(vfio::set_virtual_functions(*sysfs_, at(card_address), 0));
    links_->link.vfs.assign(4, {});
  }
}

TEST_F(Sriov, AdoptsTheLivingAndNamesTheLost) {
  if (::getuid() != 0) GTEST_SKIP() << "gives nodes back to root";
  std::vector<VnicSpec> live{spec(0), spec(1)};
  ASSERT_TRUE(provider_->create(live[0]));
  live[0].rate = {200'000'000};
  EXPECT_EQ(provider_->adopt(live), std::vector<std::string>{"vf1"});
  EXPECT_EQ(driver_of(0), "vfio-pci");
  ASSERT_TRUE(provider_->set_rate(live[0], live[0].rate));
  EXPECT_EQ(links_->link.vfs[0].settings.rate_mbps, 200u);
}

TEST_F(Sriov, WhatCannotBeScrubbedIsSaidAndNotGivenAgain) {
  if (::getuid() != 0) GTEST_SKIP() << "gives nodes back to root";
  VnicSpec vnic = spec();
  ASSERT_TRUE(provider_->create(vnic));
  sysfs_->refuse("unbind", {Error::Code::unavailable, "it does not let go", ""});
  const auto held = provider_->scrub(vnic);
  ASSERT_FALSE(held);
  EXPECT_EQ(held.error().code, Error::Code::conflict);
  EXPECT_FALSE(provider_->create(vnic));
  sysfs_->obey("unbind");
  sysfs_->refuse("reset", {Error::Code::unavailable, "no reset", ""});
  EXPECT_FALSE(provider_->scrub(vnic));
  sysfs_->obey("reset");
  EXPECT_TRUE(provider_->scrub(vnic));
  expect_at_rest();
}

TEST_F(Sriov, TellsOfTheLinkAndOfACardThatIsGone) {
  if (::getuid() != 0) GTEST_SKIP() << "gives nodes back to root";
  VnicSpec vnic = spec();
  ASSERT_TRUE(provider_->create(vnic));
  const std::vector present{vnic};
  EXPECT_TRUE(provider_->take_news(present).empty());
  links_->link.has_carrier = false;
  auto news = provider_->take_news(present);
  ASSERT_EQ(news.size(), 1u);
  EXPECT_EQ(news[0].kind, VnicNews::Kind::link_down);
  links_->link.has_carrier = true;
  news = provider_->take_news(present);
  ASSERT_EQ(news.size(), 1u);
  EXPECT_EQ(news[0].kind, VnicNews::Kind::link_up);
  sysfs_->remove(at(card_address));
  news = provider_->take_news(present);
  ASSERT_EQ(news.size(), 1u);
  EXPECT_EQ(news[0].kind, VnicNews::Kind::removed);
  EXPECT_TRUE(provider_->take_news(present).empty());
  EXPECT_TRUE(provider_->scrub(vnic));  // nothing is left of it
}

TEST_F(Sriov, TellsWhoReachedForForeignMemory) {
  if (::getuid() != 0) GTEST_SKIP() << "gives nodes back to root";
  VnicSpec vnic = spec();
  ASSERT_TRUE(provider_->create(vnic));
  const std::vector present{vnic, spec(1)};
  const std::string own = provider_->device(vnic);
  std::ofstream log{sysfs_->kernel_log(), std::ios::app};
  const auto tell = [&](const std::string& device) {
    log << "3,1,1,-;DMAR: [DMA Write NO_PASID] Request device [" << device.substr(5)
        << "] fault addr 0x35da000 [fault reason 0x05] PTE Write access is not set\n"
        << std::flush;
  };
  tell("0000:7f:00.0");
  EXPECT_TRUE(provider_->take_news(present).empty());
  tell(own);
  const auto news = provider_->take_news(present);
  ASSERT_EQ(news.size(), 1u);
  EXPECT_EQ(news[0].vnic, vnic.name);
  EXPECT_EQ(news[0].kind, VnicNews::Kind::dma_fault);
  EXPECT_EQ(news[0].text, "the IOMMU stopped " + own + ": write to 0x35da000");
  EXPECT_EQ(provider_->counters(vnic)->dma_faults, 1u);
  EXPECT_EQ(provider_->counters(spec(1))->dma_faults, 0u);
  ASSERT_TRUE(provider_->create(vnic));  // for the next process
  EXPECT_EQ(provider_->counters(vnic)->dma_faults, 0u);
}

TEST_F(Sriov, TheDoctorNamesWhatIsMissing) {
  links_->link.has_carrier = false;
  bool warns = false;
  for (const Finding& finding : provider_->diagnose()) {
    EXPECT_NE(finding.verdict, Finding::Verdict::fail) << finding.message;
    warns = warns || (finding.verdict == Finding::Verdict::warn && !finding.remedy.empty());
  }
  EXPECT_TRUE(warns);
}

}  // namespace
}  // namespace arrakis::control
