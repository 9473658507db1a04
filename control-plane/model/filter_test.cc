#include "control-plane/model/filter.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace arrakis::control {
namespace {

Filter filter(std::string_view text) {
  const auto parsed = parse_filter(text);
  EXPECT_TRUE(parsed) << text << ": " << parsed.error().message;
  return parsed.value_or(Filter{});
}

struct Pair {
  std::string_view a, b;
  bool overlap, a_covers_b;
};

TEST(Filter, ReadsEveryClause) {
  const Filter got = filter("tx tcp port 1000-2000 peer 10.0.0.0/8 peer-port 53");
  EXPECT_EQ(got.direction, Filter::Direction::transmit);
  EXPECT_EQ(got.layer, Filter::Layer::tcp);
  EXPECT_EQ(got.ports, (PortRange{1000, 2000}));
  EXPECT_EQ(got.peer, IpPrefix::parse("10.0.0.0/8"));
  EXPECT_EQ(got.peer_ports, (PortRange{53, 53}));
}

TEST(Filter, ClausesComeInAnyOrderAndBlanksDoNotMatter) {
  EXPECT_EQ(filter("  rx\tudp  peer fd00::/8  port 7 "), filter("rx udp port 7 peer fd00::/8"));
}

TEST(Filter, WithoutClausesEverythingIsAny) {
  const Filter got = filter("rx ip");
  EXPECT_FALSE(got.peer);
  EXPECT_TRUE(got.ports.is_any());
  EXPECT_TRUE(got.peer_ports.is_any());
}

TEST(Filter, PeerIsHeldAsItsNetwork) {
  EXPECT_EQ(to_string(filter("rx ip peer 10.1.2.3/9")), "rx ip peer 10.0.0.0/9");
  EXPECT_EQ(to_string(filter("rx ip peer fd12:3456::1/17")), "rx ip peer fd12::/17");
  EXPECT_EQ(to_string(filter("rx ip peer 10.1.2.3")), "rx ip peer 10.1.2.3/32");
  EXPECT_EQ(to_string(filter("rx ip peer 10.1.2.3/0")), "rx ip peer 0.0.0.0/0");
}

TEST(Filter, TextRoundTrips) {
  for (const std::string_view text :
       {"rx ip", "tx udp", "rx udp port 7", "tx tcp port 1000-2000 peer 10.0.0.0/8 peer-port 53",
        "rx ip peer fd00::/8", "tx udp peer-port 1-65535", "rx udp port 0-6", "tx tcp port 65535"})
    EXPECT_EQ(to_string(filter(text)), text);
}

TEST(Filter, RefusesNonsenseAndSaysHowToWriteIt) {
  for (const std::string_view text : {"",
                                      " ",
                                      "rx",
                                      "udp port 7",
                                      "rx icmp",
                                      "RX udp",
                                      "rx udp port",
                                      "rx udp port x",
                                      "rx udp port 7,8",
                                      "rx udp port 65536",
                                      "rx udp port -1",
                                      "rx udp port +7",
                                      "rx udp port 7-",
                                      "rx udp port 1-2-3",
                                      "rx udp port 7 port 8",
                                      "rx udp peer 10.0.0.0/33",
                                      "rx udp peer 10.0.0",
                                      "rx udp peer fd00::/129",
                                      "rx udp nonsense 7",
                                      "rx udp port 7 tail",
                                      "rx ip peer ::ffff:10.0.0.0/104"}) {
    const auto parsed = parse_filter(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, Error::Code::usage) << text;
    EXPECT_NE(parsed.error().remedy.find("rx udp port 7"), std::string::npos) << text;
  }
}

TEST(Filter, RefusesWhatCannotMean) {
  EXPECT_FALSE(parse_filter("rx ip port 7"));
  EXPECT_FALSE(parse_filter("rx ip peer-port 7"));
  EXPECT_FALSE(parse_filter("rx udp port 9-8"));
  EXPECT_FALSE(parse_filter("rx udp peer-port 9-8"));
  EXPECT_FALSE(parse_filter("rx udp port 0"));
  EXPECT_TRUE(parse_filter("rx ip port 0-65535"));  // any port is no port
}

TEST(Filter, MessageOfALongOrHostileTextIsOneShortLine) {
  const auto parsed = parse_filter("rx \x1b[2J\n" + std::string(10'000, 'a'));
  ASSERT_FALSE(parsed);
  EXPECT_LT(parsed.error().message.size(), 200u);
  EXPECT_EQ(parsed.error().message.find_first_of("\n\x1b"), std::string::npos);
}

TEST(Filter, OverlapAndCover) {
  const std::array pairs{
      Pair{"rx udp port 7", "rx udp port 7", true, true},
      Pair{"rx udp port 7", "tx udp port 7", false, false},
      Pair{"rx udp port 7", "rx tcp port 7", false, false},
      Pair{"rx udp port 7", "rx udp port 8", false, false},
      Pair{"rx udp port 1-10", "rx udp port 10-20", true, false},
      Pair{"rx udp port 1-10", "rx udp port 2-9", true, true},
      Pair{"rx ip", "rx udp port 7", true, true},
      Pair{"rx udp port 7", "rx ip", true, false},
      Pair{"rx udp", "rx ip", true, false},
      Pair{"rx ip peer 10.0.0.0/8", "rx ip peer 10.1.0.0/16", true, true},
      Pair{"rx ip peer 10.1.0.0/16", "rx ip peer 10.0.0.0/8", true, false},
      Pair{"rx ip peer 10.0.0.0/8", "rx ip peer 11.0.0.0/8", false, false},
      Pair{"rx ip peer 10.0.0.0/8", "rx ip peer fd00::/8", false, false},
      Pair{"rx ip peer 0.0.0.0/0", "rx ip peer ::/0", false, false},
      Pair{"rx ip", "rx ip peer ::/0", true, true},
      Pair{"rx ip peer ::/0", "rx ip", true, false},
      Pair{"rx udp port 7 peer-port 1", "rx udp port 7 peer-port 2", false, false},
      Pair{"rx udp port 7", "rx udp peer-port 2", true, false},
      Pair{"rx udp port 7", "rx udp port 7 peer-port 2", true, true},
  };
  for (const Pair& pair : pairs) {
    EXPECT_EQ(overlap(filter(pair.a), filter(pair.b)), pair.overlap) << pair.a << " | " << pair.b;
    EXPECT_EQ(overlap(filter(pair.b), filter(pair.a)), pair.overlap) << pair.a << " | " << pair.b;
    EXPECT_EQ(covers(filter(pair.a), filter(pair.b)), pair.a_covers_b) << pair.a << " | " << pair.b;
  }
}

TEST(Filters, DisjointOnesAreValid) {
  const std::array filters{filter("rx udp port 7"), filter("rx udp port 8"),
                           filter("rx tcp port 7"), filter("tx ip")};
  EXPECT_TRUE(validate(filters));
  EXPECT_TRUE(validate(std::span<const Filter>{}));
}

TEST(Filters, OverlapIsAConflictThatNamesBoth) {
  const std::array filters{filter("rx udp port 7"), filter("tx ip"), filter("rx ip")};
  const auto valid = validate(filters);
  ASSERT_FALSE(valid);
  EXPECT_EQ(valid.error().code, Error::Code::conflict);
  EXPECT_EQ(valid.error().message, R"(filters overlap: "rx udp port 7" and "rx ip")");
}

TEST(Filters, HaveALimit) {
  std::vector<Filter> filters;
  for (std::uint16_t port = 1; port <= filters_max; ++port)
    filters.push_back({.layer = Filter::Layer::udp, .ports = {port, port}});
  EXPECT_TRUE(validate(filters));
  filters.push_back({.layer = Filter::Layer::udp, .ports = {1000, 1000}});
  ASSERT_FALSE(validate(filters));
  EXPECT_EQ(validate(filters).error().code, Error::Code::exhausted);
}

}  // namespace
}  // namespace arrakis::control
