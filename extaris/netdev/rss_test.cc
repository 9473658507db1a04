#include "extaris/netdev/rss.h"

#include <gtest/gtest.h>
#include <rte_dev.h>
#include <rte_ethdev.h>

#include <set>

#include "extaris/netdev/ethdev.h"
#include "extaris/packet/eal.h"

namespace arrakis::extaris {
namespace {

// Microsoft, "Verifying the RSS hash calculation": the key and the first line of each table.
const std::vector<std::uint8_t> published_key{
    0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
    0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
    0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};

std::vector<std::uint16_t> identity(std::uint16_t count) {
  std::vector<std::uint16_t> table;
  for (std::uint16_t i = 0; i < count; ++i) table.push_back(i);
  return table;
}

std::uint16_t low_bits(const char* source, const char* target, bool ports) {
  const Rss rss{{published_key, identity(0x8000), ports, ports}};
  return rss.queue_of(*Endpoint::parse(source), *Endpoint::parse(target));
}

TEST(Rss, HashesAsPublished) {
  EXPECT_EQ(low_bits("66.9.149.187:2794", "161.142.100.80:1766", true), 0x51cc'c178 & 0x7fff);
  EXPECT_EQ(low_bits("66.9.149.187:2794", "161.142.100.80:1766", false), 0x323e'8fc2 & 0x7fff);
  EXPECT_EQ(low_bits("[3ffe:2501:200:1fff::7]:2794", "[3ffe:2501:200:3::1]:1766", true),
            0x4020'7d3d & 0x7fff);
  EXPECT_EQ(low_bits("[3ffe:2501:200:1fff::7]:2794", "[3ffe:2501:200:3::1]:1766", false),
            0x2cc1'8cd5 & 0x7fff);
}

TEST(Rss, TakesNoSettingsThatMakeNoSense) {
  EXPECT_TRUE(Rss::is_sound({published_key, identity(128)}));
  EXPECT_FALSE(Rss::is_sound({published_key, identity(100)}));
  EXPECT_FALSE(Rss::is_sound({published_key, {}}));
  EXPECT_FALSE(Rss::is_sound({{published_key.begin(), published_key.end() - 1}, identity(128)}));
}

// DPDK's null driver keeps a key and a table like a card, and its queues say where a port leads.
TEST(Rss, OfAPortIsWhatItsDriverSays) {
  ASSERT_TRUE(start_eal());
  ASSERT_EQ(rte_eal_hotplug_add("vdev", "net_null0", ""), 0);
  std::uint16_t id = 0;
  ASSERT_EQ(rte_eth_dev_get_port_by_name("net_null0", &id), 0);
  {
    auto port = EthPort::open(
        id, {.queues = 2, .pool = {.packets = 1023, .buffer_bytes = 2048}, .doorbell = false});
    ASSERT_TRUE(port) << port.error().message;
    const auto rss = Rss::of_port(id);
    ASSERT_TRUE(rss);
    const Endpoint remote = *Endpoint::parse("10.0.0.1:80");
    std::set<std::uint16_t> seen;
    for (std::uint16_t local = 50'000; local < 50'100; ++local) {
      const Endpoint ours{*IpAddress::parse("10.0.0.2"), local};
      const std::uint16_t queue = rss->queue_of(remote, ours);
      seen.insert(queue);
      using Arrives = NetDevice::Arrives;
      for (std::uint16_t i = 0; i < 2; ++i)
        EXPECT_EQ((*port)->queue(i).arrives(remote, ours),
                  i == queue ? Arrives::here : Arrives::elsewhere);
    }
    EXPECT_LE(*seen.rbegin(), 1);
  }
  rte_eal_hotplug_remove("vdev", "net_null0");
}

}  // namespace
}  // namespace arrakis::extaris
