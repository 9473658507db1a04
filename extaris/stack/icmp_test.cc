// Pings, errors we owe, errors we are told.
#include <algorithm>
#include <utility>

#include "extaris/stack/test_host.h"
#include "extaris/wire/icmpv4.h"
#include "extaris/wire/icmpv6.h"

namespace arrakis::extaris::test {
namespace {

using IcmpTest = HostTest;

Bytes icmp_v4(std::uint8_t type, std::uint8_t code, std::uint32_t parameter, const Bytes& body) {
  Icmpv4Header header{type, code, be16_t{0}, be32_t{parameter}};
  header.checksum = InternetSum{}.add_header(header).add(body).checksum();
  Bytes bytes;
  append(bytes, header);
  return join(bytes, body);
}

Bytes icmp_v6(std::uint8_t type, std::uint8_t code, std::uint32_t parameter, const Bytes& body) {
  Icmpv6Header header{type, code, be16_t{0}, be32_t{parameter}};
  header.checksum = pseudo_header(peer_v6, our_v6, protocol::icmpv6, sizeof(header) + body.size())
                        .add_header(header)
                        .add(body)
                        .checksum();
  Bytes bytes;
  append(bytes, header);
  return join(bytes, body);
}

Bytes to_us_v4(const Bytes& message, const Ipv4Address& target = our_v4) {
  return frame(
      ethertype::ipv4,
      ipv4_packet({.source = peer_v4, .target = target, .protocol = protocol::icmpv4}, message));
}

Bytes to_us_v6(const Bytes& message) {
  return frame(
      ethertype::ipv6,
      ipv6_packet({.source = peer_v6, .target = our_v6, .next_header = protocol::icmpv6}, message));
}

TEST_F(IcmpTest, AnswersPings) {
  give(to_us_v4(icmp_v4(icmpv4::echo_request, 0, 0x1234'0001, text("ping"))));
  Bytes packet = last_packet();
  const auto v4 = parse_ipv4(packet, Verify::yes);
  ASSERT_TRUE(v4);
  EXPECT_EQ(v4->source, our_v4);
  EXPECT_EQ(v4->target, peer_v4);
  EXPECT_TRUE(
      std::ranges::equal(v4->payload, icmp_v4(icmpv4::echo_reply, 0, 0x1234'0001, text("ping"))));

  give(to_us_v6(icmp_v6(icmpv6::echo_request, 0, 7, text("ping6"))));
  packet = last_packet();
  const auto v6 = parse_ipv6(packet);
  ASSERT_TRUE(v6);
  const auto message = parse_icmpv6(v6->payload);
  EXPECT_EQ(message->type, icmpv6::echo_reply);
  EXPECT_EQ(message->parameter, 7u);
  EXPECT_TRUE(pseudo_header(v6->source, v6->target, protocol::icmpv6, v6->payload.size())
                  .add(v6->payload)
                  .intact());
}

TEST_F(IcmpTest, NotThoseToEverybodyNorDamagedOnes) {
  give(to_us_v4(icmp_v4(icmpv4::echo_request, 0, 1, {}), Ipv4Address{{10, 0, 0, 255}}));
  give(to_us_v4(icmp_v4(icmpv4::echo_request, 0, 1, {}), Ipv4Address{{224, 0, 0, 1}}));
  Bytes damaged = to_us_v4(icmp_v4(icmpv4::echo_request, 0, 1, text("x")));
  damaged.back() ^= std::byte{1};
  give(damaged);
  damaged = to_us_v6(icmp_v6(icmpv6::echo_request, 0, 1, text("x")));
  damaged.back() ^= std::byte{1};
  give(damaged);
  EXPECT_TRUE(device.sent.empty());
  EXPECT_EQ(dropped(Drop::not_for_us), 2u);
  EXPECT_EQ(dropped(Drop::bad_checksum), 2u);
}

TEST_F(IcmpTest, AClosedPortIsUnreachable) {
  const Bytes v4 = udp_frame_v4(9, text("anybody?"));
  give(v4);
  Bytes packet = last_packet();
  const auto ip = parse_ipv4(packet, Verify::yes);
  ASSERT_TRUE(ip);
  EXPECT_TRUE(InternetSum{}.add(ip->payload).intact());
  const auto message = parse_icmpv4(ip->payload);
  EXPECT_EQ(message->type, icmpv4::destination_unreachable);
  EXPECT_EQ(message->code, icmpv4::port_unreachable);
  EXPECT_TRUE(std::ranges::equal(message->body, std::span{v4}.subspan(sizeof(EthernetHeader))));

  give(udp_frame_v6(9, text("anybody?")));
  packet = last_packet();
  EXPECT_EQ(packet[sizeof(Ipv6Header)], std::byte{icmpv6::destination_unreachable});
  EXPECT_EQ(packet[sizeof(Ipv6Header) + 1], std::byte{icmpv6::port_unreachable});
  EXPECT_EQ(stack.counters().icmp_errors_sent, 2u);
  EXPECT_EQ(dropped(Drop::no_socket), 2u);
}

TEST_F(IcmpTest, ErrorsAreFew) {
  for (int i = 0; i < 500; ++i) give(udp_frame_v4(9, {}));
  const Counters& counters = stack.counters();
  EXPECT_EQ(counters.icmp_errors_sent, 50u);
  EXPECT_EQ(counters.icmp_errors_limited, 450u);
  now = now + Duration::seconds(1);
  give(udp_frame_v4(9, {}));
  EXPECT_EQ(counters.icmp_errors_sent, 51u);
}

TEST_F(IcmpTest, NoErrorAboutAnErrorOrABroadcast) {
  // A cut-up ICMP error whose end never comes.
  const Bytes error = icmp_v4(icmpv4::time_exceeded, 0, 0, Bytes(64));
  give(frame(ethertype::ipv4, ipv4_packet({.source = peer_v4,
                                           .target = our_v4,
                                           .protocol = protocol::icmpv4,
                                           .fragment = ipv4::more_fragments},
                                          error)));
  now = *stack.next_deadline();
  stack.poll(now);
  EXPECT_EQ(dropped(Drop::fragment_timeout), 1u);
  const Ipv4Address broadcast{{10, 0, 0, 255}};
  give(frame(ethertype::ipv4, ipv4_packet({.source = peer_v4, .target = broadcast, .protocol = 17},
                                          udp_segment(peer_v4, broadcast, 9, {}))));
  give(frame(ethertype::ipv4,
             ipv4_packet({.source = peer_v4, .target = our_v4, .protocol = 17},
                         udp_segment(peer_v4, our_v4, 9, {})),
             MacAddress::broadcast()));
  EXPECT_EQ(dropped(Drop::no_socket), 2u);
  EXPECT_TRUE(device.sent.empty());
}

TEST_F(IcmpTest, AnUnknownProtocolIsNamed) {
  give(frame(ethertype::ipv4,
             ipv4_packet({.source = peer_v4, .target = our_v4, .protocol = 132}, Bytes(20))));
  const Bytes packet = last_packet();
  ASSERT_GT(packet.size(), sizeof(Ipv4Header) + 2);
  EXPECT_EQ(packet[sizeof(Ipv4Header)], std::byte{icmpv4::destination_unreachable});
  EXPECT_EQ(packet[sizeof(Ipv4Header) + 1], std::byte{icmpv4::protocol_unreachable});
}

// What we sent last, as a router quotes it.
TEST_F(IcmpTest, ReceivedErrorsFindTheirSocket) {
  auto socket = stack.bind_udp({});
  auto other = stack.bind_udp({});
  ASSERT_TRUE(socket->send(text("hello"), {peer_v4, 9}));
  stack.flush();
  const Bytes quote = last_packet();
  give(to_us_v4(icmp_v4(icmpv4::destination_unreachable, icmpv4::port_unreachable, 0, quote)));
  give(to_us_v4(icmp_v4(icmpv4::destination_unreachable, icmpv4::host_unreachable, 0, quote)));
  give(to_us_v4(icmp_v4(icmpv4::destination_unreachable, 13, 0, quote)));
  EXPECT_EQ(socket->take_error(), SocketError::port_unreachable);
  EXPECT_EQ(socket->take_error(), SocketError::host_unreachable);
  EXPECT_EQ(socket->take_error(), SocketError::administratively_prohibited);
  EXPECT_EQ(socket->take_error(), std::nullopt);
  EXPECT_EQ(other->take_error(), std::nullopt);

  ASSERT_TRUE(socket->send(text("hello"), {peer_v6, 9}));
  stack.flush();
  give(to_us_v6(
      icmp_v6(icmpv6::destination_unreachable, icmpv6::port_unreachable, 0, last_packet())));
  EXPECT_EQ(socket->take_error(), SocketError::port_unreachable);
}

TEST_F(IcmpTest, QuotesThatAreCutShortOrForgedAreCounted) {
  auto socket = stack.bind_udp({});
  ASSERT_TRUE(socket->send(text("hello"), {peer_v4, 9}));
  stack.flush();
  const Bytes quote = last_packet();
  for (std::size_t length = 0; length < sizeof(Ipv4Header) + 4; ++length)
    give(
        to_us_v4(icmp_v4(3, 3, 0, Bytes(quote.begin(), quote.begin() + static_cast<int>(length)))));
  EXPECT_EQ(dropped(Drop::malformed_icmp), sizeof(Ipv4Header) + 4);
  Bytes forged = quote;
  forged[sizeof(Ipv4Header)] ^= std::byte{1};  // another source port
  give(to_us_v4(icmp_v4(3, 3, 0, forged)));
  EXPECT_EQ(dropped(Drop::no_socket), 1u);
  EXPECT_EQ(socket->take_error(), std::nullopt);
}

TEST_F(IcmpTest, ASmallerPathMakesFragments) {
  auto socket = stack.bind_udp({});
  const auto send = [&](const IpAddress& to) {
    device.sent.clear();
    const auto result = socket->send(Bytes(1'400), {to, 9});
    stack.flush();
    return result;
  };
  ASSERT_TRUE(send(peer_v4));
  ASSERT_EQ(device.sent.size(), 1u);
  give(to_us_v4(icmp_v4(icmpv4::destination_unreachable, icmpv4::fragmentation_needed, 1'000,
                        last_packet())));
  ASSERT_TRUE(send(peer_v4));
  ASSERT_EQ(device.sent.size(), 2u);
  EXPECT_LE(device.sent[0].size(), sizeof(EthernetHeader) + 1'000);
  ASSERT_TRUE(send(peer_v6));
  give(to_us_v6(icmp_v6(icmpv6::packet_too_big, 0, 1'280, last_packet())));
  ASSERT_TRUE(send(peer_v6));
  EXPECT_EQ(device.sent.size(), 2u);

  EXPECT_EQ(socket->take_error(), std::nullopt);  // it need not care
  socket->forbid_fragments(true);
  EXPECT_EQ(send(peer_v4).error(), SendError::too_big);
  now = now + limits::path_mtu_lifetime + Duration::seconds(1);
  stack.poll(now);
  EXPECT_TRUE(send(peer_v4));  // believed for ten minutes
  give(to_us_v4(icmp_v4(icmpv4::destination_unreachable, icmpv4::fragmentation_needed, 0,
                        last_packet())));  // by a router older than RFC 1191
  EXPECT_EQ(socket->take_error(), SocketError::message_too_big);
  EXPECT_EQ(send(peer_v4).error(), SendError::too_big);
  socket->forbid_fragments(false);
  ASSERT_TRUE(send(peer_v4));
  EXPECT_LE(device.sent[0].size(), sizeof(EthernetHeader) + 1'006);  // the plateau below 1,428
}

}  // namespace
}  // namespace arrakis::extaris::test
