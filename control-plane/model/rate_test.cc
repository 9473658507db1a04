#include "control-plane/model/rate.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace arrakis::control {
namespace {

TEST(Rate, ReadsDecimalMultiples) {
  EXPECT_EQ(parse_rate("100M"), Rate{100'000'000});
  EXPECT_EQ(parse_rate("2.5G"), Rate{2'500'000'000});
  EXPECT_EQ(parse_rate("64k"), Rate{64'000});
  EXPECT_EQ(parse_rate("64K"), Rate{64'000});
  EXPECT_EQ(parse_rate("1T"), Rate{1'000'000'000'000});
  EXPECT_EQ(parse_rate("1000000"), Rate{1'000'000});
  EXPECT_EQ(parse_rate("0.000001M"), Rate{1});
  EXPECT_EQ(parse_rate("none"), Rate{});
  EXPECT_EQ(parse_rate("18446744073709551615"), Rate{std::numeric_limits<std::uint64_t>::max()});
}

TEST(Rate, RefusesNonsense) {
  for (const std::string_view text : {"",
                                      "M",
                                      ".5M",
                                      "5.M",
                                      "-1M",
                                      "+1M",
                                      " 1M",
                                      "1 M",
                                      "1MM",
                                      "1Mbit",
                                      "100m",
                                      "1.5",
                                      "1.2.3G",
                                      "0.0000001M",
                                      "1e6",
                                      "0x10",
                                      "18446744073709551616",
                                      "18446744073710T",
                                      "None",
                                      "18446744.073709551616T"}) {
    const auto rate = parse_rate(text);
    ASSERT_FALSE(rate) << text;
    EXPECT_EQ(rate.error().code, Error::Code::usage);
    EXPECT_FALSE(rate.error().remedy.empty());
  }
}

TEST(Rate, ZeroIsNotTakenForNoLimit) {
  for (const std::string_view text : {"0", "0M", "0.0G"}) EXPECT_FALSE(parse_rate(text)) << text;
}

TEST(Rate, WritesTheShortestExactForm) {
  EXPECT_EQ(to_string(Rate{}), "none");
  EXPECT_EQ(to_string(Rate{1}), "1");
  EXPECT_EQ(to_string(Rate{100'000'000}), "100M");
  EXPECT_EQ(to_string(Rate{2'500'000'000}), "2.5G");
  EXPECT_EQ(to_string(Rate{500'000'000}), "500M");
  EXPECT_EQ(to_string(Rate{1'234'567}), "1234567");
  EXPECT_EQ(to_string(Rate{1'050}), "1050");
  EXPECT_EQ(to_string(Rate{1'000'000'050'000}), "1.00000005T");
}

TEST(Rate, TextRoundTrips) {
  for (std::uint64_t bits = 1; bits < std::numeric_limits<std::uint64_t>::max() / 7;
       bits = bits * 7 + 3)
    EXPECT_EQ(parse_rate(to_string(Rate{bits})), Rate{bits}) << to_string(Rate{bits});
}

}  // namespace
}  // namespace arrakis::control
