#include "control-plane/policy/decide_function.h"

#include <gtest/gtest.h>

#include "control-plane/policy/decide.h"

namespace arrakis::control {
namespace {

constexpr std::string_view text = R"(
[pool.fast]
provider = "sriov"
pf = "0000:3b:00.0"
vfs = 2
vlan = 7
unfiltered = true
rate = "1G"
addresses = ["10.9.0.0/24"]
gateways = ["10.9.0.1"]
[pool.second]
provider = "sriov"
pf = "ens2f0"
vfs = 1
addresses = ["10.8.0.0/24"]
[pool.foreign]
provider = "sriov"
pf = "0000:5e:00.0"
managed = false
addresses = ["10.7.0.0/24"]
[[app]]
name = "cache"
users = ["nobody"]
providers = ["sriov"]
vnics = 8
filters = ["rx udp port 7"]
[[app]]
name = "kept"
users = ["nobody"]
providers = ["sriov"]
pool = "foreign"
)";

Policy policy() {
  auto parsed = parse_policy(text, "p.toml");
  EXPECT_TRUE(parsed) << parsed.error().message;
  return *std::move(parsed);
}

Error refusal(const Outcome<VnicSpec>& outcome) {
  EXPECT_FALSE(outcome);
  if (outcome) return {};
  EXPECT_FALSE(outcome.error().remedy.empty()) << outcome.error().message;
  return outcome.error();
}

TEST(DecideFunction, GivesEachFunctionOfACardOnce) {
  const Policy p = policy();
  std::vector<VnicSpec> present;
  for (std::uint16_t index = 0; index < 2; ++index) {
    const auto vnic = decide_vnic(p, present, {.app = "cache"});
    ASSERT_TRUE(vnic) << vnic.error().message;
    EXPECT_EQ(vnic->provider, "sriov");
    ASSERT_TRUE(vnic->function);
    EXPECT_EQ(*vnic->function, (VirtualFunction{.physical = "0000:3b:00.0",
                                                .count = 2,
                                                .index = index,
                                                .vlan = 7,
                                                .unfiltered = true}));
    present.push_back(*vnic);
  }
  const Error full = refusal(decide_vnic(p, present, {.app = "cache"}));
  EXPECT_EQ(full.code, Error::Code::exhausted);
  EXPECT_EQ(full.message, "all 2 virtual functions of 0000:3b:00.0 are assigned");
  present.erase(present.begin());
  EXPECT_EQ(decide_vnic(p, present, {.app = "cache"})->function->index, 0);
}

TEST(DecideFunction, LiesOnItsNetworkWithTheGatewayThatIsWritten) {
  const auto vnic = decide_vnic(policy(), {}, {.app = "cache"});
  ASSERT_TRUE(vnic);
  EXPECT_EQ(vnic->addresses[0].to_string(), "10.9.0.2/24");  // not the gateway's
  ASSERT_EQ(vnic->gateways.size(), 1u);
  EXPECT_EQ(vnic->gateways[0].to_string(), "10.9.0.1");
  EXPECT_EQ(to_string(vnic->rate), "1G");
  const auto other =
      decide_vnic(policy(), {}, {.app = "cache", .provider = "sriov", .device = "ens2f0"});
  ASSERT_TRUE(other) << other.error().message;
  EXPECT_EQ(other->addresses[0].to_string(), "10.8.0.1/24");
  EXPECT_TRUE(other->gateways.empty());
  EXPECT_TRUE(other->device.empty());
  EXPECT_FALSE(other->rate.limited());
}

TEST(DecideFunction, FiltersAreLeftOutOnlyWhereThePolicySaysUnfiltered) {
  EXPECT_TRUE(decide_vnic(policy(), {}, {.app = "cache"})->filters.empty());
  const auto strict =
      decide_vnic(policy(), {}, {.app = "cache", .provider = "sriov", .device = "ens2f0"});
  EXPECT_EQ(strict->filters.size(), 1u);
  const auto asked =
      decide_vnic(policy(), {}, {.app = "cache", .filters = {*parse_filter("rx udp port 7")}});
  EXPECT_EQ(asked->filters.size(), 1u);  // for the provider to refuse
}

TEST(DecideFunction, LeavesAloneWhatIsNotOurs) {
  const Error foreign = refusal(decide_vnic(policy(), {}, {.app = "kept"}));
  EXPECT_EQ(foreign.code, Error::Code::denied);
  EXPECT_NE(foreign.message.find("managed = false"), std::string::npos);
  const Error unnamed =
      refusal(decide_vnic(policy(), {}, {.app = "cache", .device = "0000:99:00.0"}));
  EXPECT_EQ(unnamed.code, Error::Code::denied);
  EXPECT_EQ(unnamed.message,
            "\"0000:99:00.0\" is not ours: no pool that app \"cache\" may use names it");
}

TEST(ParsePool, ACardNeedsItsAddressAndACount) {
  const auto complaint = [](std::string keys) {
    const auto parsed = parse_policy(
        "[pool.fast]\nprovider = \"sriov\"\naddresses = [\"10.9.0.0/24\"]\n" + keys, "p.toml");
    return parsed ? "" : parsed.error().message;
  };
  EXPECT_EQ(complaint("pf = \"0000:3b:00.0\"\nvfs = 1\n"), "");
  EXPECT_EQ(complaint("pf = \"ens1f0\"\nmanaged = false\n"), "");
  EXPECT_NE(complaint("vfs = 1\n").find("names no card"), std::string::npos);
  EXPECT_NE(complaint("pf = \"0000:3b:00.0\"\n").find("how many"), std::string::npos);
  EXPECT_NE(complaint("pf = \"3b:00.0\"\nvfs = 1\n").find("p.toml:4"), std::string::npos);
  EXPECT_NE(complaint("pf = \"e\"\nvfs = 1\nvlan = 4095\n").find("vlan"), std::string::npos);
  EXPECT_NE(complaint("pf = \"e\"\nvfs = 1\nunfilterd = true\n").find("unfilterd"),
            std::string::npos);
  const auto elsewhere =
      parse_policy("[pool.p]\naddresses = [\"10.9.0.0/24\"]\nvfs = 2\n", "p.toml");
  ASSERT_FALSE(elsewhere);
  EXPECT_NE(elsewhere.error().message.find("unknown key \"vfs\""), std::string::npos);
}

}  // namespace
}  // namespace arrakis::control
