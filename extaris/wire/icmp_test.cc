// ARP, ICMP, Neighbor Discovery and quotes.
#include <gtest/gtest.h>

#include <vector>

#include "extaris/wire/arp.h"
#include "extaris/wire/icmpv4.h"
#include "extaris/wire/ipv4.h"
#include "extaris/wire/load_store.h"
#include "extaris/wire/ndp.h"
#include "extaris/wire/quote.h"

namespace arrakis::extaris {
namespace {

const MacAddress mac = *MacAddress::parse("02:00:00:00:00:01");
const Ipv6Address host = IpAddress::parse("fe80::1")->v6();
const Ipv6Address group = IpAddress::parse("ff02::1:ff00:1")->v6();

std::span<const std::byte> bytes_of(const auto& header) {
  return std::as_bytes(std::span{&header, 1});
}

TEST(Arp, RoundTripAndRefusals) {
  const ArpHeader good = emit_arp({.operation = ArpOperation::reply,
                                   .sender_mac = mac,
                                   .sender_ip = {{10, 0, 0, 1}},
                                   .target_mac = mac,
                                   .target_ip = {{10, 0, 0, 2}}});
  EXPECT_EQ(parse_arp(bytes_of(good))->sender_mac, mac);
  EXPECT_EQ(parse_arp(bytes_of(good).first(27)).error(), Drop::truncated);
  ArpHeader bad = good;
  bad.operation = be16_t{3};
  EXPECT_EQ(parse_arp(bytes_of(bad)).error(), Drop::malformed_arp);
  bad = good;
  bad.hardware_bytes = 8;
  EXPECT_EQ(parse_arp(bytes_of(bad)).error(), Drop::malformed_arp);
  bad = good;
  bad.sender_mac = MacAddress::broadcast();
  EXPECT_EQ(parse_arp(bytes_of(bad)).error(), Drop::malformed_arp);
}

TEST(Ndp, SolicitationRoundTrip) {
  const NdpPacket packet = emit_ndp({.type = icmpv6::neighbor_solicitation,
                                     .flags = 0,
                                     .source = host,
                                     .target = group,
                                     .about = host,
                                     .mac = mac});
  const auto ip = parse_ipv6(bytes_of(packet));
  ASSERT_TRUE(ip);
  EXPECT_TRUE(pseudo_header(ip->source, ip->target, protocol::icmpv6, ip->payload.size())
                  .add(ip->payload)
                  .intact());
  const auto message = parse_icmpv6(ip->payload);
  const auto question = parse_solicitation(*message, {host, group, 255});
  ASSERT_TRUE(question);
  EXPECT_EQ(question->target, host);
  EXPECT_EQ(question->source_mac, mac);
  EXPECT_EQ(parse_solicitation(*message, {host, group, 254}).error(), Drop::bad_hop_limit);
  EXPECT_EQ(parse_solicitation(*message, {{}, group, 255}).error(), Drop::malformed_ndp);
}

Icmpv6Message ndp_message(const std::vector<std::byte>& body) {
  return {
      .type = icmpv6::neighbor_advertisement, .code = 0, .parameter = ndp::solicited, .body = body};
}

TEST(Ndp, OptionsMustNotLoopNorRunOver) {
  std::vector<std::byte> body(16);
  store(body.data(), host);
  const NdpEnvelope envelope{host, host, 255};
  EXPECT_TRUE(parse_advertisement(ndp_message(body), envelope));
  body.resize(24);
  EXPECT_EQ(parse_advertisement(ndp_message(body), envelope).error(), Drop::bad_option);
  body[17] = std::byte{2};  // 16 bytes, and 8 are there
  EXPECT_EQ(parse_advertisement(ndp_message(body), envelope).error(), Drop::bad_option);
  body[16] = std::byte{ndp::target_link_address};
  body[17] = std::byte{1};
  EXPECT_TRUE(parse_advertisement(ndp_message(body), envelope)->target_mac);
  body.resize(17);
  EXPECT_EQ(parse_advertisement(ndp_message(body), envelope).error(), Drop::bad_option);
  body.resize(15);
  EXPECT_EQ(parse_advertisement(ndp_message(body), envelope).error(), Drop::truncated);
}

TEST(Quote, FindsThePortsOfATruncatedPacket) {
  std::vector<std::byte> packet(24);
  store(packet.data(), emit_ipv4({.source = {{10, 0, 0, 1}},
                                  .target = {{10, 0, 0, 2}},
                                  .protocol = 17,
                                  .payload_bytes = 1'000}));
  packet[21] = std::byte{7};
  packet[23] = std::byte{9};
  const auto quote = parse_quote(packet);
  ASSERT_TRUE(quote);
  EXPECT_EQ(quote->packet_bytes, 1'020);
  EXPECT_EQ(quoted_ports(*quote)->source, 7);
  EXPECT_EQ(quoted_ports(*quote)->target, 9);
  packet.resize(23);
  EXPECT_FALSE(quoted_ports(*parse_quote(packet)));
}

TEST(Quote, KnowsErrorsAndLaterFragments) {
  std::vector<std::byte> packet(21);
  Ipv4Fields fields{
      .source = {{10, 0, 0, 1}}, .target = {{10, 0, 0, 2}}, .protocol = 1, .payload_bytes = 1};
  store(packet.data(), emit_ipv4(fields));
  packet[20] = std::byte{icmpv4::time_exceeded};
  EXPECT_TRUE(is_icmp_error(*parse_quote(packet)));
  packet[20] = std::byte{icmpv4::echo_request};
  EXPECT_FALSE(is_icmp_error(*parse_quote(packet)));
  fields.fragment = 5;
  store(packet.data(), emit_ipv4(fields));
  EXPECT_TRUE(parse_quote(packet)->is_later_fragment);
}

}  // namespace
}  // namespace arrakis::extaris
