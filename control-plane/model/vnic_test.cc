#include "control-plane/model/vnic.h"

#include <gtest/gtest.h>

#include <array>

#include "control-plane/model/request.h"

namespace arrakis::control {
namespace {

IpPrefix prefix(std::string_view text) { return IpPrefix::parse(text).value(); }

TEST(AppName, Form) {
  for (const std::string_view name : {"a", "0", "memcached", "udp_echo", "a-b_c9"})
    EXPECT_TRUE(validate_app_name(name)) << name;
  EXPECT_TRUE(validate_app_name(std::string(63, 'a')));
  for (const std::string_view name : {"", "-a", "_a", "A", "a b", "a/b", "..", "a\n", "\xc3\xa4"})
    EXPECT_FALSE(validate_app_name(name)) << name;
  EXPECT_FALSE(validate_app_name(std::string(64, 'a')));
  EXPECT_FALSE(validate_app_name(std::string_view{"a\0b", 3}));
}

TEST(AppName, OfTenThousandBytesGivesAShortMessage) {
  const auto valid = validate_app_name(std::string(10'000, 'a'));
  ASSERT_FALSE(valid);
  EXPECT_LT(valid.error().message.size(), 120u);
}

TEST(DeviceName, IsWhatTheKernelTakes) {
  for (const std::string_view name : {"eth0", "enp1s0f0", "veth.100", "fifteen_bytes_x"})
    EXPECT_TRUE(validate_device_name(name)) << name;
  for (const std::string_view name :
       {"", ".", "..", "a/b", "a:b", "a b", "sixteen_bytes__x", "\x1b"})
    EXPECT_FALSE(validate_device_name(name)) << name;
}

TEST(Addresses, OneAFamilyAndUnicast) {
  EXPECT_TRUE(validate_addresses(std::array{prefix("10.0.0.2/24"), prefix("fd00::2/64")}));
  EXPECT_FALSE(validate_addresses(std::array{prefix("10.0.0.2/24"), prefix("10.0.0.3/24")}));
  EXPECT_FALSE(validate_addresses(std::array{prefix("fd00::2/64"), prefix("fd00::3/64")}));
  for (const std::string_view text :
       {"0.0.0.0/0", "224.0.0.1/32", "255.255.255.255/32", "::/0", "ff02::1/128"})
    EXPECT_FALSE(validate_addresses(std::array{prefix(text)})) << text;
}

TEST(Gateways, OneAFamilyAndUnicast) {
  const IpAddress v4 = *IpAddress::parse("10.0.0.1"), v6 = *IpAddress::parse("fe80::1");
  EXPECT_TRUE(validate_gateways(std::array{v4, v6}));
  EXPECT_FALSE(validate_gateways(std::array{v4, v4}));
  EXPECT_FALSE(validate_gateways(std::array{IpAddress{}}));
}

TEST(Mac, IsUnicast) {
  EXPECT_TRUE(validate_mac(*MacAddress::parse("02:00:00:00:00:01")));
  EXPECT_FALSE(validate_mac(MacAddress{}));
  EXPECT_FALSE(validate_mac(MacAddress::broadcast()));
  EXPECT_FALSE(validate_mac(*MacAddress::parse("01:00:5e:00:00:01")));
}

TEST(Mtu, HasTheLeastOfItsFamily) {
  const std::array v4{prefix("10.0.0.2/24")};
  const std::array both{prefix("10.0.0.2/24"), prefix("fd00::2/64")};
  EXPECT_TRUE(validate_mtu(68, v4));
  EXPECT_FALSE(validate_mtu(67, v4));
  EXPECT_TRUE(validate_mtu(1280, both));
  EXPECT_FALSE(validate_mtu(1279, both));
}

TEST(Request, IsCheckedAsAWhole) {
  EXPECT_TRUE(validate(AssignRequest{.app = "echo"}));
  EXPECT_FALSE(validate(AssignRequest{}));
  EXPECT_FALSE(validate(AssignRequest{.app = "echo", .provider = "X"}));
  EXPECT_FALSE(validate(AssignRequest{.app = "echo", .device = "eth0", .wire = "w"}));
  EXPECT_FALSE(validate(AssignRequest{.app = "echo", .mtu_bytes = 10}));
  EXPECT_FALSE(validate(AssignRequest{.app = "echo", .mac = MacAddress::broadcast()}));
}

}  // namespace
}  // namespace arrakis::control
