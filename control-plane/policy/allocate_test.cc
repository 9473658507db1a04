#include "control-plane/policy/allocate.h"

#include <gtest/gtest.h>

#include <set>

namespace arrakis::control {
namespace {

const AppRule app{.name = "a"};

VnicSpec allocate(const PoolRule& pool, std::span<const VnicSpec> present) {
  VnicSpec vnic{.name = free_name(present), .app = "a", .provider = pool.provider};
  const Policy policy;
  EXPECT_TRUE(decide_addresses({policy, app, &pool}, present, {}, vnic));
  EXPECT_TRUE(decide_mac(present, {}, vnic));
  return vnic;
}

TEST(Allocate, GivesEveryHostOfANetworkOnceAndFillsGaps) {
  const PoolRule pool{
      .name = "p", .provider = "xdp", .addresses = {*IpPrefix::parse("10.0.0.0/28")}};
  std::vector<VnicSpec> present;
  std::set<std::string> seen;
  for (int i = 0; i < 13; ++i) {  // 16 less network, broadcast, gateway
    present.push_back(allocate(pool, present));
    EXPECT_TRUE(seen.insert(present.back().addresses[0].to_string()).second);
  }
  VnicSpec vnic;
  const Policy policy;
  const auto full = decide_addresses({policy, app, &pool}, present, {}, vnic);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, Error::Code::exhausted);
  const VnicSpec gone = present[4];
  present.erase(present.begin() + 4);
  const VnicSpec again = allocate(pool, present);
  EXPECT_EQ(again.name, gone.name);
  EXPECT_EQ(again.mac, gone.mac);
  EXPECT_EQ(again.addresses, gone.addresses);
}

TEST(Allocate, CarriesOverTheBytesOfAnIpv6Address) {
  const PoolRule pool{.name = "p", .provider = "xdp", .addresses = {*IpPrefix::parse("fd00::/64")}};
  std::vector<VnicSpec> present;
  for (int i = 0; i < 300; ++i) present.push_back(allocate(pool, present));
  EXPECT_EQ(present[0].addresses[0].to_string(), "fd00::2/128");
  EXPECT_EQ(present[0].gateways[0].to_string(), "fd00::1");
  EXPECT_EQ(present[299].addresses[0].to_string(), "fd00::12d/128");
}

TEST(Allocate, LeavesAGatewayOfOnesOwnChoiceFree) {
  const PoolRule pool{.name = "p",
                      .provider = "xdp",
                      .addresses = {*IpPrefix::parse("10.0.0.0/29")},
                      .gateways = {*IpAddress::parse("10.0.0.2")}};
  std::vector<VnicSpec> present;
  for (int i = 0; i < 2; ++i) present.push_back(allocate(pool, present));
  EXPECT_EQ(present[0].addresses[0].to_string(), "10.0.0.1/32");
  EXPECT_EQ(present[1].addresses[0].to_string(), "10.0.0.3/32");
  EXPECT_EQ(present[0].gateways[0].to_string(), "10.0.0.2");
}

}  // namespace
}  // namespace arrakis::control
