#include "libos/runtime/stack_config.h"

#include <gtest/gtest.h>

namespace arrakis::runtime {
namespace {

TEST(StackConfig, RoutesEachFamilyThroughItsGateway) {
  const client::VnicInfo info{
      .addresses = {*IpPrefix::parse("10.20.0.2/32"), *IpPrefix::parse("fd00::2/128")},
      .gateways = {*IpAddress::parse("10.20.0.1"), *IpAddress::parse("fd00::1")},
      .neighbors = {{*IpAddress::parse("10.20.0.1"), *MacAddress::parse("02:00:00:00:00:01")}}};
  const extaris::StackConfig config = stack_config(info, 42);
  EXPECT_EQ(config.seed, 42u);
  EXPECT_EQ(config.addresses, info.addresses);

  ASSERT_EQ(config.routes.size(), 4u);
  EXPECT_EQ(config.routes[0].target.to_string(), "10.20.0.1/32");
  EXPECT_TRUE(config.routes[0].gateway.is_any()) << "on the link";
  EXPECT_EQ(config.routes[1].target.to_string(), "0.0.0.0/0");
  EXPECT_EQ(config.routes[1].gateway.to_string(), "10.20.0.1");
  EXPECT_EQ(config.routes[2].target.to_string(), "fd00::1/128");
  EXPECT_EQ(config.routes[3].target.to_string(), "::/0");
  EXPECT_EQ(config.routes[3].gateway.to_string(), "fd00::1");

  ASSERT_EQ(config.neighbors.size(), 1u);
  EXPECT_EQ(config.neighbors[0].mac.to_string(), "02:00:00:00:00:01");
}

}  // namespace
}  // namespace arrakis::runtime
