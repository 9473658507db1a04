// What passes an xdp VNIC and what does not, between an application's rings and the kernel's
// sockets.
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <fstream>

#include "control-plane/providers/xdp/test_namespace.h"

namespace arrakis::control::xdp {
namespace {

class XdpTraffic : public NamespaceTest {};

TEST_F(XdpTraffic, DatagramsPassBothWaysInBothFamilies) {
  TestApp app = start(test_vnic("vf0", 2));
  KernelUdp kernel{9};
  const MacAddress host = mac_of("ark-vf0");
  for (const auto& [own, gateway] :
       {std::pair{v4_of(app.spec()), gateway_v4}, std::pair{v6_of(app.spec()), gateway_v6}}) {
    kernel.send(own, 7, "in");  // the kernel asks for the MAC first
    EXPECT_EQ(app.receive_udp(patience_ms), "in") << own.to_string();
    app.send_udp(host, gateway, {7, 9}, "out");  // its checksum is right, or the kernel drops it
    EXPECT_EQ(kernel.receive(patience_ms), "out") << own.to_string();
  }
  const VnicCounters counted = counters(app);
  EXPECT_GE(counted.received_packets, 4u);     // two questions, two datagrams
  EXPECT_GE(counted.transmitted_packets, 4u);  // two answers, two datagrams
  EXPECT_GE(counted.transmitted_bytes, 2u * 42);
  EXPECT_EQ(counted.forged_mac + counted.forged_address + counted.filtered_transmit, 0u);
}

TEST_F(XdpTraffic, ForgedFramesReachNobodyAndAreCounted) {
  VnicSpec spec = test_vnic("vf0", 2);
  spec.filters = {*parse_filter("tx udp port 7")};
  TestApp app = start(spec);
  KernelUdp kernel{9};
  Sniffer sniffer{"ark-vf0"};
  const MacAddress host = mac_of("ark-vf0"), other{{2, 0, 0, 0, 0, 0x99}};
  const auto own = v4_of(spec);
  const Bytes honest = udp(own, gateway_v4, {7, 9}, {1});
  constexpr unsigned n = 20;
  for (unsigned i = 0; i < n; ++i) {
    app.socket().send(ethernet(host, other, 0x0800, honest));
    app.socket().send(
        ethernet(host, spec.mac, 0x0800, udp(ip("10.20.0.3"), gateway_v4, {7, 9}, {})));
    app.socket().send(ethernet(host, spec.mac, 0x86dd, udp(ip("fd00::3"), gateway_v6, {7, 9}, {})));
    app.socket().send(ethernet(host, spec.mac, 0x0800, udp(own, gateway_v4, {8, 9}, {})));
    app.socket().send(
        ethernet(host, spec.mac, 0x0806, arp({2, spec.mac, gateway_v4, host, gateway_v4})));
  }
  EXPECT_EQ(sniffer.count_incoming(silence_ms), 0);
  EXPECT_EQ(kernel.receive(0), std::nullopt);
  const VnicCounters counted = counters(app);
  EXPECT_EQ(counted.forged_mac, n);
  EXPECT_EQ(counted.forged_address, 3 * n);
  EXPECT_EQ(counted.filtered_transmit, n);
  EXPECT_EQ(counted.transmitted_packets, 0u);

  // The sniffer is not deaf.
  app.socket().send(ethernet(host, spec.mac, 0x0800, honest));
  EXPECT_TRUE(kernel.receive(patience_ms));
  EXPECT_EQ(sniffer.count_incoming(silence_ms), 1);
}

TEST_F(XdpTraffic, FiltersNarrowAndChangeLive) {
  TestApp app = start(test_vnic("vf0", 2));
  KernelUdp kernel{9};
  const MacAddress host = mac_of("ark-vf0");
  kernel.send(v4_of(app.spec()), 8, "any");
  EXPECT_EQ(app.receive_udp(patience_ms), "any");

  const std::vector<Filter> narrow{*parse_filter("rx udp port 7"), *parse_filter("tx udp port 7")};
  ASSERT_TRUE(provider_.set_filters(app.spec(), narrow));
  kernel.send(v4_of(app.spec()), 8, "outside");
  kernel.send(v4_of(app.spec()), 7, "inside");
  EXPECT_EQ(app.receive_udp(patience_ms), "inside");  // in order: the other was dropped before
  app.send_udp(host, gateway_v4, {8, 9}, "outside");
  app.send_udp(host, gateway_v4, {7, 9}, "inside");
  EXPECT_EQ(kernel.receive(patience_ms), "inside");
  EXPECT_GE(counters(app).filtered_receive, 1u);
  EXPECT_EQ(counters(app).filtered_transmit, 1u);

  ASSERT_TRUE(provider_.set_filters(app.spec(), {}));
  app.send_udp(host, gateway_v4, {8, 9}, "again");
  EXPECT_EQ(kernel.receive(patience_ms), "again");
  EXPECT_EQ(counters(app).filtered_transmit, 1u) << "counters go on over a change";
}

TEST_F(XdpTraffic, ManyVnicsShareOneGatewayAddress) {
  TestApp a = start(test_vnic("vf0", 2)), b = start(test_vnic("vf1", 3));
  KernelUdp kernel{9};
  for (TestApp* app : {&a, &b})
    for (const IpAddress& own : {v4_of(app->spec()), v6_of(app->spec())}) {
      kernel.send(own, 7, own.to_string());
      EXPECT_EQ(app->receive_udp(patience_ms), own.to_string());
    }
}

TEST_F(XdpTraffic, AFullRingIsCounted) {
  TestApp app = start(test_vnic("vf0", 2));
  KernelUdp kernel{9};
  kernel.send(v4_of(app.spec()), 7, "first");
  ASSERT_TRUE(app.receive_udp(patience_ms));
  for (int i = 0; i < 3000; ++i)
    kernel.send(v4_of(app.spec()), 7, "more than the ring has room for");
  EXPECT_GT(counters(app).ring_full, 0u);
}

bool has_no_capability() {
  std::ifstream status{"/proc/self/status"};
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("CapEff:"))
      return line.find_first_not_of("CapEff:\t0") == std::string::npos;
  return false;
}

// What a process of uid 65534 does with the descriptors; its exit status says where it failed.
int unprivileged_life(const VnicSpec& spec, QueueGrant grant, const MacAddress& host) {
  if (setgroups(0, nullptr) != 0 || setresgid(65534, 65534, 65534) != 0 ||
      setresuid(65534, 65534, 65534) != 0 || !has_no_capability())
    return 1;
  TestApp app{spec, std::move(grant)};
  app.send_udp(host, gateway_v4, {7, 9}, "from nobody");
  return app.receive_udp(patience_ms) == "to nobody" ? 0 : 2;
}

TEST_F(XdpTraffic, AProcessWithoutCapabilitiesDrivesTheQueue) {
  VnicSpec spec = test_vnic("vf0", 2);
  ASSERT_TRUE(provider_.create(spec));
  auto grant = provider_.open(spec, 0);
  ASSERT_TRUE(grant);
  KernelUdp kernel{9};
  const MacAddress host = mac_of("ark-vf0");
  const pid_t child = fork();
  if (child == 0) _exit(unprivileged_life(spec, std::move(*grant), host));
  EXPECT_EQ(kernel.receive(patience_ms), "from nobody");
  kernel.send(v4_of(spec), 7, "to nobody");
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(XdpTraffic, ASecondVnicSharesTheHostsEnd) {
  TestApp first = start(test_vnic("vf0", 2));
  VnicSpec spec = test_vnic("vf1", 3);
  spec.device = "ark-vf0";
  spec.trust_transmit = true;
  TestApp second = start(spec);
  const MacAddress host = mac_of("ark-vf0");
  EXPECT_EQ(second.spec().mac, host) << "a shared netdev has one MAC";

  for (const bool v4 : {true, false}) {
    const IpAddress a = v4 ? v4_of(first.spec()) : v6_of(first.spec());
    const IpAddress b = v4 ? v4_of(second.spec()) : v6_of(second.spec());
    first.send_udp(host, b, {7, 8}, "to the sharer");
    EXPECT_EQ(second.receive_udp(patience_ms), "to the sharer");
    second.send_udp(first.spec().mac, a, {8, 7}, "from the sharer");
    EXPECT_EQ(first.receive_udp(patience_ms), "from the sharer");
  }
  // Who is it? The kernel does not answer for the sharer, the sharer does.
  first.socket().send(ethernet(MacAddress::broadcast(), first.spec().mac, 0x0806,
                               arp({1, first.spec().mac, v4_of(first.spec()), {}, v4_of(spec)})));
  EXPECT_EQ(second.receive_udp(silence_ms), std::nullopt);  // answers
  const auto answer = first.socket().receive(patience_ms);
  ASSERT_TRUE(answer);
  EXPECT_EQ((*answer)[21], 2);

  // The kernel keeps its own, and the first is policed as before.
  KernelUdp kernel{9};
  first.send_udp(host, gateway_v4, {7, 9}, "to the kernel");
  EXPECT_EQ(kernel.receive(patience_ms), "to the kernel");
  first.socket().send(
      ethernet(host, first.spec().mac, 0x0800, udp(ip("10.20.0.77"), v4_of(spec), {7, 8}, {})));
  EXPECT_EQ(second.receive_udp(silence_ms), std::nullopt);
  EXPECT_EQ(counters(first).forged_address, 1u);

  provider_.destroy(second.spec());
  first.send_udp(host, gateway_v4, {7, 9}, "still");
  EXPECT_EQ(kernel.receive(patience_ms), "still");
}

}  // namespace
}  // namespace arrakis::control::xdp
