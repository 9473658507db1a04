#include "control-plane/policy/decide.h"

#include <gtest/gtest.h>

namespace arrakis::control {
namespace {

const Subject nobody{.uid = 65534, .user = "nobody", .groups = {"nogroup"}};

Policy policy() {
  auto parsed = parse_policy(R"(
[daemon]
admins = ["@wheel"]
[pool.default]
addresses = ["10.20.0.0/30"]
rate = "10G"
[pool.bench]
provider = "wire"
addresses = ["10.30.0.0/24"]
[[app]]
name = "echo"
users = ["nobody"]
vnics = 3
rate = "1G"
filters = ["rx udp port 7-9", "tx udp port 7-9"]
[[app]]
name = "pair"
users = [65534]
vnics = 3
providers = ["wire"]
wires = ["bench"]
[[app]]
name = "shared"
users = ["nobody"]
addresses = ["192.0.2.5/24"]
devices = ["eth1"]
trust_transmit = true
filters = ["rx udp port 53", "tx udp port 53"]
)",
                             "p.toml");
  EXPECT_TRUE(parsed) << parsed.error().message;
  return *std::move(parsed);
}

Error::Code code_of(const Outcome<VnicSpec>& outcome) {
  EXPECT_FALSE(outcome);
  EXPECT_FALSE(outcome.error().remedy.empty()) << outcome.error().message;
  return outcome.error().code;
}

TEST(MayAttach, DefaultDenyWithTheLineToAdd) {
  const auto unknown = may_attach(policy(), nobody, "other");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, Error::Code::denied);
  EXPECT_NE(unknown.error().remedy.find("users = [\"nobody\"]"), std::string::npos);
  const auto stranger = may_attach(policy(), {.uid = 7, .user = "sam"}, "echo");
  ASSERT_FALSE(stranger);
  EXPECT_EQ(stranger.error().remedy,
            "add \"sam\" to users at p.toml:10, then: systemctl reload arrakisd");
  EXPECT_FALSE(may_attach(Policy{}, {.uid = 0, .user = "root"}, "echo"));  // not even root
  EXPECT_TRUE(may_attach(policy(), nobody, "echo"));
  EXPECT_TRUE(may_attach(policy(), nobody, "pair"));
}

TEST(MayAttach, ALongNameIsUsageAndCutInTheMessage) {
  const auto answer = may_attach(policy(), nobody, std::string(10'000, 'a'));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Error::Code::usage);
  EXPECT_LT(answer.error().message.size(), 300u);
}

TEST(MayAdminister, RootAndThoseNamed) {
  EXPECT_TRUE(may_administer(Policy{}, {.uid = 0}));
  EXPECT_TRUE(may_administer(policy(), {.uid = 5, .user = "w", .groups = {"wheel"}}));
  EXPECT_FALSE(may_administer(policy(), nobody));
}

TEST(DecideVnic, FillsInWhatIsOpen) {
  const auto vnic = decide_vnic(policy(), {}, {.app = "echo"});
  ASSERT_TRUE(vnic) << vnic.error().message;
  EXPECT_EQ(vnic->name, "vf0");
  EXPECT_EQ(vnic->provider, "xdp");
  ASSERT_EQ(vnic->addresses.size(), 1u);
  EXPECT_EQ(vnic->addresses[0].to_string(), "10.20.0.2/32");
  EXPECT_EQ(vnic->gateways[0].to_string(), "10.20.0.1");
  EXPECT_EQ(to_string(vnic->rate), "1G");  // the lower of both caps
  EXPECT_EQ(vnic->filters.size(), 2u);
  EXPECT_EQ(vnic->mac.bytes[0] & 3, 2);  // local, not a group
}

TEST(DecideVnic, RefusesWhatIsTakenOrOutside) {
  const Policy p = policy();
  const auto first = decide_vnic(p, {}, {.app = "echo"});
  ASSERT_TRUE(first);
  const std::vector present{*first};
  const auto ask = [&](AssignRequest request) {
    request.app = "echo";
    return code_of(decide_vnic(p, present, request));
  };
  using enum Error::Code;
  EXPECT_EQ(ask({}), exhausted);  // a /30 has one host beside its gateway
  EXPECT_EQ(ask({.addresses = {*IpPrefix::parse("10.20.0.2")}}), conflict);
  EXPECT_EQ(ask({.addresses = {*IpPrefix::parse("10.20.0.1")}}), conflict);
  EXPECT_EQ(ask({.addresses = {*IpPrefix::parse("10.20.0.3")}}), conflict);
  EXPECT_EQ(ask({.addresses = {*IpPrefix::parse("10.99.0.2")}}), denied);
  EXPECT_EQ(ask({.provider = "wire", .wire = "bench"}), denied);
  EXPECT_EQ(ask({.rate = {2'000'000'000}}), denied);
  EXPECT_EQ(ask({.filters = {*parse_filter("rx udp port 10")}}), denied);
  EXPECT_EQ(ask({.device = "eth0"}), denied);
  EXPECT_EQ(ask({.queues = 2}), denied);
  EXPECT_EQ(ask({.mtu_bytes = 9000}), denied);
}

TEST(DecideVnic, RefusesAMacInUse) {
  Policy p = policy();
  p.pools[0].addresses = {*IpPrefix::parse("10.20.0.0/24")};
  const auto first = decide_vnic(p, {}, {.app = "echo"});
  ASSERT_TRUE(first);
  const std::vector present{*first};
  EXPECT_EQ(code_of(decide_vnic(p, present, {.app = "echo", .mac = first->mac})),
            Error::Code::conflict);
  const auto second = decide_vnic(p, present, {.app = "echo"});
  ASSERT_TRUE(second);
  EXPECT_NE(second->mac, first->mac);
  EXPECT_EQ(second->name, "vf1");
}

TEST(DecideVnic, AWireHasTwoEndsAndNoGateway) {
  const Policy p = policy();
  std::vector<VnicSpec> present;
  for (const char* address : {"10.30.0.1/24", "10.30.0.2/24"}) {
    const auto end = decide_vnic(p, present, {.app = "pair", .wire = "bench"});
    ASSERT_TRUE(end) << end.error().message;
    EXPECT_EQ(end->addresses[0].to_string(), address);
    EXPECT_TRUE(end->gateways.empty());
    present.push_back(*end);
  }
  EXPECT_EQ(code_of(decide_vnic(p, present, {.app = "pair", .wire = "bench"})),
            Error::Code::conflict);
  EXPECT_EQ(code_of(decide_vnic(p, {}, {.app = "pair", .wire = "other"})), Error::Code::denied);
  EXPECT_EQ(code_of(decide_vnic(p, {}, {.app = "pair"})), Error::Code::usage);
}

TEST(DecideVnic, ASharedNetdevKeepsItsNetworkAndIsTrustedToSend) {
  const auto vnic = decide_vnic(policy(), {}, {.app = "shared", .device = "eth1"});
  ASSERT_TRUE(vnic) << vnic.error().message;
  EXPECT_EQ(vnic->addresses[0].to_string(), "192.0.2.5/24");
  EXPECT_FALSE(vnic->rate.limited());
  ASSERT_EQ(vnic->filters.size(), 1u);
  EXPECT_EQ(vnic->filters[0].direction, Filter::Direction::receive);
}

TEST(DecideVnic, AFixedAddressOutsideEveryPoolNeedsAGateway) {
  EXPECT_EQ(code_of(decide_vnic(policy(), {}, {.app = "shared"})), Error::Code::denied);
}

TEST(DecideRate, OpenMeansTheCap) {
  EXPECT_EQ(*decide_rate({5}, {}), Rate{5});
  EXPECT_EQ(*decide_rate({5}, {5}), Rate{5});
  EXPECT_EQ(*decide_rate({}, {7}), Rate{7});
  EXPECT_FALSE(decide_rate({5}, {6}));
}

TEST(WithFilter, RefusesOverlapAndTakesTheSameTwice) {
  const std::vector present{*parse_filter("rx udp port 7")};
  EXPECT_FALSE(with_filter(present, *parse_filter("rx udp port 1-10")));
  EXPECT_EQ(with_filter(present, present[0])->size(), 1u);
  EXPECT_EQ(with_filter(present, *parse_filter("tx udp port 7"))->size(), 2u);
}

}  // namespace
}  // namespace arrakis::control
