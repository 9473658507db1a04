#include "control-plane/policy/policy.h"

#include <gtest/gtest.h>

namespace arrakis::control {
namespace {

constexpr std::string_view sample = R"(
[daemon]
socket = "/tmp/a.sock"
admins = ["root", "@wheel", 1000]

[pool.small]
provider = "wire"
addresses = ["10.30.0.0/24"]

[pool.default]
addresses = ["10.20.0.0/24", "fd61:7272:6b::/64"]
rate = "10G"

[[app]]
name = "echo"
users = ["nobody", 65534]
filters = ["rx udp port 7", "tx udp port 7"]
rate = "1G"
)";

TEST(ParsePolicy, ReadsEverySection) {
  const auto policy = parse_policy(sample, "p.toml");
  ASSERT_TRUE(policy) << policy.error().message;
  EXPECT_EQ(policy->daemon.socket, "/tmp/a.sock");
  EXPECT_EQ(policy->daemon.admins.size(), 3u);
  ASSERT_EQ(policy->pools.size(), 2u);
  EXPECT_EQ(policy->pools[0].name, "small");  // the order of the file, not of the alphabet
  EXPECT_EQ(policy->pools[1].rate.bits_per_second, 10'000'000'000u);
  ASSERT_EQ(policy->apps.size(), 1u);
  EXPECT_EQ(policy->apps[0].users[1].text, "65534");
  EXPECT_EQ(policy->apps[0].filters.size(), 2u);
  EXPECT_EQ(policy->apps[0].providers, std::vector<std::string>{"xdp"});
}

TEST(ParsePolicy, AnEmptyFileAllowsNothing) {
  const auto policy = parse_policy("", "p.toml");
  ASSERT_TRUE(policy);
  EXPECT_TRUE(policy->apps.empty());
  EXPECT_TRUE(policy->daemon.admins.empty());
}

struct Refused {
  const char* text;
  const char* message;  // the beginning
  const char* remedy;   // a part
};

class Refuses : public testing::TestWithParam<Refused> {};

TEST_P(Refuses, WithPlaceAndRemedy) {
  const auto policy = parse_policy(GetParam().text, "p.toml");
  ASSERT_FALSE(policy);
  EXPECT_TRUE(policy.error().message.starts_with(GetParam().message)) << policy.error().message;
  EXPECT_NE(policy.error().remedy.find(GetParam().remedy), std::string::npos)
      << policy.error().remedy;
  EXPECT_EQ(policy.error().message.find('\n'), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Refuses,
    testing::Values(
        Refused{"[pool.x]\nadresses = [\"10.0.0.0/24\"]", "p.toml:2:1: unknown key \"adresses\"",
                "\"addresses\""},
        Refused{"[pool.x]\naddresses = [\"10.0.0.0/24\"]\n  raet = \"1G\"",
                "p.toml:3:3: unknown key \"raet\" in [pool.x]", "did you mean \"rate\"?"},
        Refused{"[deamon]\n", "p.toml:1:2: unknown key \"deamon\"", "did you mean \"daemon\"?"},
        Refused{"[daemon]\nzzzzzzzz = 1", "p.toml:2:1: unknown key \"zzzzzzzz\"", "known here:"},
        Refused{"[daemon]\nsocket = true",
                "p.toml:2:10: socket in [daemon] must be text, not boolean", ""},
        Refused{"[daemon]\nadmins = \"root\"",
                "p.toml:2:10: admins in [daemon] must be a list, not string", ""},
        Refused{"[daemon]\nsocket = \"here\"", "p.toml:2:10: socket in [daemon] must be a whole",
                ""},
        Refused{"[daemon]\nlog = \"warm\"", "p.toml:2:7: unknown log level \"warm\"", "\"warn\""},
        Refused{"[pool.x]\naddresses = [\"10.0.0.5/24\"]",
                "p.toml:2:14: \"10.0.0.5/24\" is an address", "10.20.0.0/24"},
        Refused{"[pool.x]\naddresses = [\"10.0.0.0/31\"]",
                "p.toml:2:14: \"10.0.0.0/31\" has no room", ""},
        Refused{"[pool.x]\naddresses = [\"10.0.0/24\"]", "p.toml:2:14: \"10.0.0/24\" is no address",
                ""},
        Refused{"[pool.x]\n", "p.toml:1:1: pool \"x\" has no addresses", "add addresses"},
        Refused{"[pool.x]\naddresses = [\"10.0.0.0/24\", \"10.1.0.0/24\"]",
                "p.toml:2:13: a pool has", ""},
        Refused{"[pool.x]\naddresses = [\"10.0.0.0/8\"]\n[pool.y]\naddresses = [\"10.1.0.0/24\"]",
                "p.toml:3:1: pools \"x\" and \"y\" overlap", ""},
        Refused{"[pool.x]\naddresses = [\"fd00::/64\"]\nmtu = 1000", "p.toml:3:7: IPv6 needs", ""},
        Refused{"[pool.x]\naddresses = [\"10.0.0.0/24\"]\nrate = \"fast\"", "p.toml:3:8: ", ""},
        Refused{"[[app]]\nusers = [\"u\"]", "p.toml:1:1: an [[app]] needs a name", ""},
        Refused{"[[app]]\nname = \"a\"", "p.toml:1:1: app \"a\" has no users", "who may attach"},
        Refused{"[[app]]\nname = \"A b\"\nusers = [\"u\"]", "p.toml:2:8: ", ""},
        Refused{"[app]\nname = \"a\"", "p.toml:1:1: app must be a list", "[[app]]"},
        Refused{"[[app]]\nname = \"a\"\nusers = [\"u\"]\n[[app]]\nname = \"a\"\nusers = [\"u\"]",
                "p.toml:4:1: app \"a\" is named twice", ""},
        Refused{"[[app]]\nname = \"a\"\nusers = [\"u\"]\npool = \"p\"",
                "p.toml:1:1: app \"a\" names pool", ""},
        Refused{"[[app]]\nname = \"a\"\nusers = [\"u\"]\nproviders = [\"xpd\"]",
                "p.toml:4:14: unknown provider \"xpd\"", "\"xdp\""},
        Refused{"[[app]]\nname = \"a\"\nusers = [\"u\"]\ndevices = [\"eth1\"]",
                "p.toml:4:11: what an application sends on a shared netdev", "trust_transmit"},
        Refused{"[[app]]\nname = \"a\"\nusers = [\"u\"]\n"
                "filters = [\"rx udp port 1-10\", \"rx udp port 10-20\"]",
                "p.toml:4:11: ", ""},
        Refused{"[[app]]\nname = \"a\"\nusers = [\"u\"]\nvnics = 0",
                "p.toml:4:9: vnics in [[app]] must lie in 1 to 256", ""},
        Refused{"x = ", "p.toml:1:", "toml.io"}, Refused{"\xff\xfe", "p.toml:1:", "toml.io"}));

TEST(ParsePolicy, RefusesAFileOfEndlessLength) {
  EXPECT_FALSE(parse_policy(std::string(policy_bytes_max + 1, '\n'), "p.toml"));
}

TEST(Principal, MatchesUidNameAndGroup) {
  const Subject subject{.uid = 65534, .user = "nobody", .groups = {"nogroup", "bench"}};
  EXPECT_TRUE(Principal{"nobody"}.matches(subject));
  EXPECT_TRUE(Principal{"65534"}.matches(subject));
  EXPECT_TRUE(Principal{"@bench"}.matches(subject));
  EXPECT_FALSE(Principal{"@nobody"}.matches(subject));
  EXPECT_FALSE(Principal{"bench"}.matches(subject));
  EXPECT_FALSE(Principal{""}.matches(Subject{.uid = 1}));
}

}  // namespace
}  // namespace arrakis::control
