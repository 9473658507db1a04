// ARP and Neighbor Discovery, frame by frame.
#include "extaris/link/link.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "extaris/stack/test_host.h"

namespace arrakis::extaris::test {
namespace {

const MacAddress other_mac = *MacAddress::parse("02:00:00:00:00:33");
const Ipv4Address other_v4{{10, 0, 0, 33}};
const Ipv6Address other_v6 = IpAddress::parse("fd00::33")->v6();

class LinkTest : public HostTest {
 protected:
  void give_arp(ArpOperation operation, const Ipv4Address& sender, const Ipv4Address& target) {
    Bytes bytes;
    append(bytes, emit_arp({.operation = operation,
                            .sender_mac = other_mac,
                            .sender_ip = sender,
                            .target_mac = our_mac,
                            .target_ip = target}));
    bytes.resize(46);  // padding to Ethernet's minimum
    give(frame(ethertype::arp, bytes));
  }
  void give_ndp(const NdpFields& fields) {
    Bytes bytes;
    append(bytes, emit_ndp(fields));
    give(frame(ethertype::ipv6, bytes));
  }
  std::optional<ArpMessage> last_arp() {
    if (device.sent.empty()) return std::nullopt;
    const auto ethernet = parse_ethernet(device.sent.back());
    if (ethernet->type != ethertype::arp) return std::nullopt;
    return *parse_arp(ethernet->payload);
  }
  MacAddress last_target() { return parse_ethernet(device.sent.back())->target; }
};

TEST_F(LinkTest, AnswersArpRequestsForOurAddressOnly) {
  give_arp(ArpOperation::request, other_v4, our_v4);
  const auto answer = last_arp();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->operation, ArpOperation::reply);
  EXPECT_EQ(answer->sender_mac, our_mac);
  EXPECT_EQ(answer->sender_ip, our_v4);
  EXPECT_EQ(answer->target_ip, other_v4);
  EXPECT_EQ(last_target(), other_mac);
  give_arp(ArpOperation::request, other_v4, peer_v4);
  EXPECT_EQ(device.sent.size(), 1u);
  give_arp(ArpOperation::request, {}, our_v4);  // a probe (RFC 5227)
  EXPECT_EQ(device.sent.size(), 2u);
}

TEST_F(LinkTest, AsksOnceThenSendsWhatWaited) {
  auto socket = stack.bind_udp({});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(socket->send(text("x"), {other_v4, 9}));
  stack.flush();
  ASSERT_EQ(device.sent.size(), 1u);
  EXPECT_EQ(last_arp()->operation, ArpOperation::request);
  EXPECT_EQ(last_arp()->target_ip, other_v4);
  EXPECT_EQ(last_target(), MacAddress::broadcast());
  give_arp(ArpOperation::reply, other_v4, our_v4);
  EXPECT_EQ(device.sent.size(), 4u);
  EXPECT_EQ(last_target(), other_mac);
}

TEST_F(LinkTest, GratuitousAnswersTeachOnlyWhatWeWantedToKnow) {
  auto socket = stack.bind_udp({});
  give_arp(ArpOperation::reply, other_v4, other_v4);  // nobody asked
  ASSERT_TRUE(socket->send(text("x"), {other_v4, 9}));
  stack.flush();
  EXPECT_EQ(last_arp()->operation, ArpOperation::request);
  give_arp(ArpOperation::reply, peer_v4, our_v4);  // the fixed neighbor, somewhere else
  ASSERT_TRUE(socket->send(text("x"), {peer_v4, 9}));
  stack.flush();
  EXPECT_EQ(last_target(), peer_mac);
}

TEST_F(LinkTest, SomebodyElseWithOurAddressIsCountedAndNotLearned) {
  give_arp(ArpOperation::request, our_v4, our_v4);
  EXPECT_EQ(dropped(Drop::bad_source), 1u);
  EXPECT_TRUE(device.sent.empty());
}

TEST_F(LinkTest, AnswersSolicitations) {
  give_ndp({.type = icmpv6::neighbor_solicitation,
            .flags = 0,
            .source = other_v6,
            .target = solicited_node_group(our_v6),
            .about = our_v6,
            .mac = other_mac});
  const Bytes packet = last_packet();
  const auto ip = parse_ipv6(packet);
  ASSERT_TRUE(ip);
  EXPECT_EQ(ip->target, other_v6);
  EXPECT_EQ(ip->hop_limit, 255);
  const auto answer =
      parse_advertisement(*parse_icmpv6(ip->payload), {ip->source, ip->target, ip->hop_limit});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->target, our_v6);
  EXPECT_EQ(answer->target_mac, our_mac);
  EXPECT_TRUE(answer->solicited);
  EXPECT_EQ(last_target(), other_mac);
}

TEST_F(LinkTest, SolicitationsFromAfarAreRefused) {
  Bytes bytes;
  NdpPacket packet = emit_ndp({.type = icmpv6::neighbor_solicitation,
                               .flags = 0,
                               .source = other_v6,
                               .target = our_v6,
                               .about = our_v6,
                               .mac = other_mac});
  packet.ip.hop_limit = 254;  // it was forwarded
  append(bytes, packet);
  give(frame(ethertype::ipv6, bytes));
  EXPECT_EQ(dropped(Drop::bad_hop_limit), 1u);
  EXPECT_TRUE(device.sent.empty());
}

TEST_F(LinkTest, NeighborsAreFoundOverIpv6) {
  auto socket = stack.bind_udp({});
  ASSERT_TRUE(socket->send(text("x"), {other_v6, 9}));
  stack.flush();
  ASSERT_EQ(device.sent.size(), 1u);
  EXPECT_EQ(last_target(), multicast_mac(solicited_node_group(other_v6)));
  give_ndp({.type = icmpv6::neighbor_advertisement,
            .flags = ndp::solicited | ndp::override,
            .source = other_v6,
            .target = our_v6,
            .about = other_v6,
            .mac = other_mac});
  ASSERT_EQ(device.sent.size(), 2u);
  EXPECT_EQ(last_target(), other_mac);
}

TEST_F(LinkTest, AGatewayTakesWhatIsNotOnTheLink) {
  StackConfig config = usual_config();
  config.routes = {{*IpPrefix::parse("0.0.0.0/0"), peer_v4},
                   {*IpPrefix::parse("192.0.2.0/24"), other_v4}};
  Stack routed{device, config};
  auto socket = routed.bind_udp({});
  ASSERT_TRUE(socket->send(text("x"), *Endpoint::parse("198.51.100.1:9")));
  routed.flush();
  EXPECT_EQ(last_target(), peer_mac);
  EXPECT_EQ(parse_ipv4(last_packet(), Verify::yes)->source, our_v4);
  ASSERT_TRUE(socket->send(text("x"), *Endpoint::parse("192.0.2.1:9")));
  routed.flush();
  EXPECT_EQ(last_arp()->target_ip, other_v4);  // the longer prefix
}

}  // namespace
}  // namespace arrakis::extaris::test
