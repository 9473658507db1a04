#include "base/address.h"

#include <gtest/gtest.h>

namespace arrakis {
namespace {

TEST(MacAddress, RoundTripsItsTextForm) {
  const auto mac = MacAddress::parse("02:ca:fe:00:00:11");
  ASSERT_TRUE(mac);
  EXPECT_EQ(mac->to_string(), "02:ca:fe:00:00:11");
  EXPECT_FALSE(mac->is_multicast());
  EXPECT_TRUE(MacAddress::broadcast().is_multicast());
}

TEST(MacAddress, RefusesAnythingElse) {
  for (const char* text : {"", "02:ca:fe:00:00", "02:ca:fe:00:00:1g", "02-ca-fe-00-00-11",
                           "02:ca:fe:00:00:111", "+2:ca:fe:00:00:11"})
    EXPECT_FALSE(MacAddress::parse(text)) << text;
}

TEST(IpAddress, KnowsItsFamily) {
  const auto v4 = IpAddress::parse("10.20.0.2");
  const auto v6 = IpAddress::parse("fd00::2");
  ASSERT_TRUE(v4 && v6);
  EXPECT_TRUE(v4->is_v4());
  EXPECT_FALSE(v6->is_v4());
  EXPECT_EQ(v4->v4().host(), 0x0a140002u);
  EXPECT_EQ(v4->to_string(), "10.20.0.2");
  EXPECT_EQ(v6->to_string(), "fd00::2");
  EXPECT_EQ(IpAddress::parse("::ffff:10.20.0.2"), v4) << "the mapped form is the IPv4 address";
  EXPECT_FALSE(IpAddress::parse("10.20.0.256"));
  EXPECT_FALSE(IpAddress::parse(std::string(10'000, '1')));
}

TEST(IpPrefix, ContainsByItsLeadingBits) {
  const auto block = IpPrefix::parse("10.20.0.129/25");
  ASSERT_TRUE(block);
  EXPECT_TRUE(block->contains(*IpAddress::parse("10.20.0.200")));
  EXPECT_FALSE(block->contains(*IpAddress::parse("10.20.0.100")));
  EXPECT_FALSE(block->contains(*IpAddress::parse("fd00::1")));
  EXPECT_TRUE(IpPrefix::parse("0.0.0.0/0")->contains(*IpAddress::parse("8.8.8.8")));
  EXPECT_FALSE(IpPrefix::parse("0.0.0.0/0")->contains(*IpAddress::parse("::1")));
  EXPECT_EQ(IpPrefix::parse("fd00::1")->length, 128);
  EXPECT_FALSE(IpPrefix::parse("10.0.0.0/33"));
  EXPECT_FALSE(IpPrefix::parse("10.0.0.0/"));
  EXPECT_FALSE(IpPrefix::parse("10.0.0.0/8x"));
}

TEST(Endpoint, BracketsIpv6) {
  const auto v6 = Endpoint::parse("[fd00::1]:7");
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->port, 7);
  EXPECT_EQ(v6->to_string(), "[fd00::1]:7");
  EXPECT_EQ(Endpoint::parse("10.0.0.1:65535")->to_string(), "10.0.0.1:65535");
  for (const char* text : {"fd00::1:7", "[10.0.0.1]:7", "10.0.0.1", "10.0.0.1:65536", ":7", "x:7"})
    EXPECT_FALSE(Endpoint::parse(text)) << text;
}

}  // namespace
}  // namespace arrakis
