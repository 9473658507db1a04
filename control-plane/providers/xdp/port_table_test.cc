#include "control-plane/providers/xdp/port_table.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

namespace arrakis::control::xdp {
namespace {

VnicSpec vnic() {
  VnicSpec spec;
  spec.name = "vf0";
  spec.mac = {{2, 0, 0, 0, 0, 1}};
  spec.addresses = {*IpPrefix::parse("10.20.0.2/24"), *IpPrefix::parse("fd00::1:2:3/128")};
  return spec;
}

Filter filter(std::string_view text) {
  auto parsed = parse_filter(text);
  EXPECT_TRUE(parsed) << text;
  return *parsed;
}

Ipv6Address address_in(const __u64 (&words)[2]) {
  Ipv6Address address;
  std::memcpy(address.bytes.data(), words, 16);
  return address;
}

TEST(PortTable, HoldsIdentityInNetworkOrder) {
  const ark_vnic table = guard_table(vnic());
  EXPECT_STREQ(table.name, "vf0");
  EXPECT_EQ(std::memcmp(table.mac, vnic().mac.bytes.data(), 6), 0);
  EXPECT_EQ(table.v4, __builtin_bswap32(0x0a140002u));
  EXPECT_EQ(table.v4_broadcast, __builtin_bswap32(0x0a1400ffu));
  EXPECT_EQ(address_in(table.v6), vnic().addresses[1].address.v6());
  EXPECT_EQ(IpAddress{address_in(table.v6_solicited)}, *IpAddress::parse("ff02::1:ff02:3"));
}

TEST(PortTable, WithoutAFamilyHasNoAddressOfIt) {
  VnicSpec spec = vnic();
  spec.addresses.pop_back();
  EXPECT_EQ(guard_table(spec).has_v4, 1);
  EXPECT_EQ(guard_table(spec).has_v6, 0);
}

TEST(PortTable, AnAddressAloneIsItsOwnBroadcast) {
  VnicSpec spec = vnic();
  spec.addresses = {*IpPrefix::parse("10.20.0.2/32")};
  EXPECT_EQ(recipient_table(spec).v4_broadcast, recipient_table(spec).v4);
}

TEST(PortTable, SeparatesTheDirections) {
  VnicSpec spec = vnic();
  spec.filters = {filter("rx udp port 7"), filter("tx udp port 7"), filter("tx tcp port 80-90")};
  EXPECT_EQ(recipient_table(spec).rule_count, 1u);
  const ark_vnic guard = guard_table(spec);
  ASSERT_EQ(guard.rule_count, 2u);
  EXPECT_EQ(guard.rules[0].protocol, 17);
  EXPECT_EQ(guard.rules[1].protocol, 6);
  EXPECT_EQ(guard.rules[1].first, 80);
  EXPECT_EQ(guard.rules[1].last, 90);
  EXPECT_EQ(guard.rules[1].peer_last, 65535);
}

TEST(PortTable, MasksPeersOfBothFamiliesInSixteenBytes) {
  VnicSpec spec = vnic();
  spec.filters = {filter("tx udp peer 10.1.2.3/12"), filter("tx tcp peer fd00:1234::/20"),
                  filter("tx udp port 1 peer 0.0.0.0/0")};
  const ark_vnic table = guard_table(spec);
  EXPECT_EQ(IpAddress{address_in(table.rules[0].peer)}, *IpAddress::parse("10.0.0.0"));
  EXPECT_EQ(IpAddress{address_in(table.rules[0].peer_mask)},
            *IpAddress::parse("ffff:ffff:ffff:ffff:ffff:ffff:fff0:0"));
  EXPECT_EQ(IpAddress{address_in(table.rules[1].peer)}, *IpAddress::parse("fd00:1000::"));
  EXPECT_EQ(IpAddress{address_in(table.rules[1].peer_mask)}, *IpAddress::parse("ffff:f000::"));
  // Any IPv4 peer is not any peer.
  EXPECT_EQ(IpAddress{address_in(table.rules[2].peer)}, *IpAddress::parse("0.0.0.0"));
  EXPECT_NE(table.rules[2].peer_mask[0], 0u);
}

TEST(PortTable, AnyPeerIsNoMask) {
  VnicSpec spec = vnic();
  spec.filters = {filter("tx udp port 7")};
  const ark_vnic table = guard_table(spec);
  EXPECT_EQ(table.rules[0].peer_mask[0] | table.rules[0].peer_mask[1], 0u);
}

TEST(PortTable, TheBucketNeverOverflowsItsWords) {
  for (const std::uint64_t bits : {std::uint64_t{1}, std::uint64_t{64'000},
                                   std::uint64_t{100'000'000}, std::uint64_t{400'000'000'000}}) {
    VnicSpec spec = vnic();
    spec.rate = {bits};
    const ark_vnic table = guard_table(spec);
    // The program computes depth + fill_ns * bits at most.
    EXPECT_LE(table.fill_ns, (UINT64_MAX - table.depth) / bits) << bits;
    EXPECT_GE(table.depth, 4096ull * 8 * 1'000'000'000) << "any frame passes a full bucket";
  }
}

TEST(PortTable, HoldsWhatTwentyMillisecondsCarry) {
  VnicSpec spec = vnic();
  spec.rate = {100'000'000};
  EXPECT_EQ(guard_table(spec).depth, 2'000'000ull * 1'000'000'000);
  EXPECT_EQ(guard_table(spec).fill_ns, 20'000'001u);
  spec.rate = {};
  EXPECT_EQ(guard_table(spec).bits_per_second, 0u);
}

TEST(PortTable, RefusesWhatDoesNotFit) {
  VnicSpec spec = vnic();
  EXPECT_TRUE(check_table(spec));
  spec.name = std::string(32, 'x');
  EXPECT_EQ(check_table(spec).error().code, Error::Code::usage);
  spec = vnic();
  spec.addresses.push_back(*IpPrefix::parse("10.20.0.3"));
  EXPECT_EQ(check_table(spec).error().code, Error::Code::usage);
  spec = vnic();
  for (unsigned port = 1; port <= 32; ++port)
    spec.filters.push_back(filter("rx udp port " + std::to_string(port)));
  EXPECT_TRUE(check_table(spec));
  spec.filters.push_back(filter("rx udp port 33"));
  EXPECT_EQ(check_table(spec).error().code, Error::Code::exhausted);
}

}  // namespace
}  // namespace arrakis::control::xdp
