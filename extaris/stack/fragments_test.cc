// Fragments and extension headers as a host meets them.
#include <algorithm>
#include <utility>

#include "extaris/stack/test_host.h"
#include "extaris/wire/icmpv6.h"

namespace arrakis::extaris::test {
namespace {

using Fragments = HostTest;

constexpr std::uint16_t port = 7;

Bytes pattern(std::size_t count) {
  Bytes bytes(count);
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<std::byte>(i * 7);
  return bytes;
}

Bytes slice(const Bytes& whole, std::size_t offset, std::size_t count) {
  const auto from = whole.begin() + static_cast<std::ptrdiff_t>(offset);
  return {from, from + static_cast<std::ptrdiff_t>(std::min(count, whole.size() - offset))};
}

Bytes fragment_v4(const Bytes& segment, std::size_t offset, std::size_t count) {
  const bool more = offset + count < segment.size();
  const auto field = static_cast<std::uint16_t>(offset / 8 | (more ? ipv4::more_fragments : 0u));
  return frame(ethertype::ipv4, ipv4_packet({.source = peer_v4,
                                             .target = our_v4,
                                             .protocol = protocol::udp,
                                             .identification = 42,
                                             .fragment = field},
                                            slice(segment, offset, count)));
}

Bytes fragment_v6(const Bytes& segment, std::size_t offset, std::size_t count) {
  const bool more = offset + count < segment.size();
  Bytes payload;
  append(payload, Ipv6FragmentHeader{protocol::udp, 0,
                                     be16_t{static_cast<std::uint16_t>(offset | (more ? 1u : 0u))},
                                     be32_t{42}});
  return frame(ethertype::ipv6,
               ipv6_packet({.source = peer_v6, .target = our_v6, .next_header = protocol::fragment},
                           join(payload, slice(segment, offset, count))));
}

TEST_F(Fragments, ComeInAnyOrderAndMakeOneDatagram) {
  auto socket = stack.bind_udp({{}, port});
  const Bytes payload = pattern(2'992);
  const Bytes v4 = udp_segment(peer_v4, our_v4, port, payload);
  const Bytes v6 = udp_segment(peer_v6, our_v6, port, payload);
  for (const std::size_t offset : {2'000u, 0u, 1'000u}) {
    give(fragment_v4(v4, offset, 1'000));
    give(fragment_v6(v6, offset, 1'000));
  }
  for (int i = 0; i < 2; ++i) {
    Datagram datagram = socket->receive();
    ASSERT_TRUE(datagram);
    EXPECT_TRUE(std::ranges::equal(datagram.payload(), payload));
    EXPECT_EQ(datagram.source().port, 1000);
    ASSERT_TRUE(socket->reply(std::move(datagram)));
  }
  EXPECT_EQ(stack.counters().reassembled_datagrams, 2u);
  EXPECT_EQ(stack.counters().fragmented_datagrams, 2u);
}

TEST_F(Fragments, ADoubledOneIsHarmless) {
  auto socket = stack.bind_udp({{}, port});
  const Bytes segment = udp_segment(peer_v4, our_v4, port, pattern(2'000));
  give(fragment_v4(segment, 0, 1'000));
  give(fragment_v4(segment, 0, 1'000));
  give(fragment_v4(segment, 1'000, 2'000));
  EXPECT_TRUE(socket->receive());
}

TEST_F(Fragments, AnOverlapDropsTheWholeDatagram) {
  auto socket = stack.bind_udp({{}, port});
  const Bytes v4 = udp_segment(peer_v4, our_v4, port, pattern(2'000));
  const Bytes v6 = udp_segment(peer_v6, our_v6, port, pattern(2'000));
  give(fragment_v4(v4, 0, 1'000));
  give(fragment_v4(v4, 800, 400));
  give(fragment_v4(v4, 1'000, 2'000));
  give(fragment_v6(v6, 0, 1'000));
  give(fragment_v6(v6, 992, 8'000));
  give(fragment_v6(v6, 1'000, 8'000));
  EXPECT_FALSE(socket->receive());
  EXPECT_EQ(dropped(Drop::fragment_overlap), 4u);  // each time the overlap and the one behind it
}

TEST_F(Fragments, TheSameBytesTwiceWithOtherContentAreAnOverlap) {
  auto socket = stack.bind_udp({{}, port});
  Bytes segment = udp_segment(peer_v4, our_v4, port, pattern(2'000));
  give(fragment_v4(segment, 0, 1'000));
  segment[500] ^= std::byte{1};
  give(fragment_v4(segment, 0, 1'000));
  EXPECT_EQ(dropped(Drop::fragment_overlap), 1u);
}

TEST_F(Fragments, PastTheEndOfAPacketIsTooLarge) {
  const Bytes segment(70'000);
  give(fragment_v4(segment, 65'528, 400));
  give(fragment_v6(segment, 65'528, 400));
  EXPECT_EQ(dropped(Drop::fragment_too_large), 2u);
}

TEST_F(Fragments, OneThatNeverEndsTimesOutAndIsReported) {
  const Bytes segment = udp_segment(peer_v4, our_v4, port, pattern(2'000));
  give(fragment_v4(segment, 0, 1'000));
  ASSERT_TRUE(stack.next_deadline());
  now = *stack.next_deadline();
  stack.poll(now);
  EXPECT_EQ(dropped(Drop::fragment_timeout), 1u);
  const Bytes packet = last_packet();
  const auto ip = parse_ipv4(packet, Verify::yes);
  ASSERT_TRUE(ip);
  EXPECT_EQ(ip->protocol, protocol::icmpv4);
  EXPECT_EQ(ip->payload[0], std::byte{11});
  EXPECT_EQ(ip->payload[1], std::byte{1});
  EXPECT_FALSE(stack.next_deadline());
}

TEST_F(Fragments, WithoutTheFirstNobodyIsTold) {
  const Bytes segment = udp_segment(peer_v6, our_v6, port, pattern(2'000));
  give(fragment_v6(segment, 1'000, 400));
  now = *stack.next_deadline();
  stack.poll(now);
  EXPECT_EQ(dropped(Drop::fragment_timeout), 1u);
  EXPECT_TRUE(device.sent.empty());
}

TEST_F(Fragments, ManyUnfinishedOnesMakeRoomForTheNext) {
  auto socket = stack.bind_udp({{}, port});
  for (std::uint16_t id = 1; id <= 200; ++id)
    give(frame(ethertype::ipv4, ipv4_packet({.source = peer_v4,
                                             .target = our_v4,
                                             .protocol = protocol::udp,
                                             .identification = id,
                                             .fragment = ipv4::more_fragments},
                                            Bytes(800))));
  EXPECT_EQ(dropped(Drop::fragment_no_room), 200 - limits::reassemblies_max);
  const Bytes segment = udp_segment(peer_v6, our_v6, port, pattern(2'000));
  give(fragment_v6(segment, 0, 1'000));
  give(fragment_v6(segment, 1'000, 2'000));
  EXPECT_TRUE(socket->receive());
}

TEST_F(Fragments, AnAtomicOneIsADatagramOfItsOwn) {  // RFC 6946
  auto socket = stack.bind_udp({{}, port});
  const Bytes segment = udp_segment(peer_v6, our_v6, port, text("atomic"));
  give(fragment_v6(segment, 0, segment.size()));
  Datagram datagram = socket->receive();
  ASSERT_TRUE(datagram);
  EXPECT_EQ(datagram.payload().size(), 6u);
  EXPECT_TRUE(socket->reply(std::move(datagram)));
}

// An IPv6 packet with these bytes between its header and UDP.
Bytes with_extension(std::uint8_t kind, const std::vector<std::uint8_t>& header) {
  Bytes payload;
  for (const std::uint8_t byte : header) payload.push_back(std::byte{byte});
  return frame(ethertype::ipv6,
               ipv6_packet({.source = peer_v6, .target = our_v6, .next_header = kind},
                           join(payload, udp_segment(peer_v6, our_v6, port, text("x")))));
}

TEST_F(Fragments, ExtensionHeadersThatAskForNothingAreSkipped) {
  auto socket = stack.bind_udp({{}, port});
  give(with_extension(protocol::hop_by_hop, {17, 0, 1, 4, 0, 0, 0, 0}));
  give(with_extension(protocol::destination_options, {17, 0, 0x1e, 2, 0, 0, 0, 0}));
  give(with_extension(protocol::routing, {17, 0, 3, 0, 0, 0, 0, 0}));
  for (int i = 0; i < 3; ++i) {
    Datagram datagram = socket->receive();
    ASSERT_TRUE(datagram) << i;
    EXPECT_EQ(datagram.source(), (Endpoint{peer_v6, 1000}));
    EXPECT_TRUE(socket->reply(std::move(datagram)));
  }
}

TEST_F(Fragments, ExtensionHeadersWeMustNotSkip) {
  struct Case {
    std::uint8_t kind;
    std::vector<std::uint8_t> header;
    std::uint8_t code;  // of the Parameter Problem; 0xff: none is sent
    std::uint32_t pointer;
  };
  const Case cases[] = {
      {protocol::destination_options, {17, 0, 0x5e, 2, 0, 0, 0, 0}, 0xff, 0},  // discard
      {protocol::destination_options, {17, 0, 0x9e, 2, 0, 0, 0, 0}, 2, 42},    // discard, report
      {protocol::destination_options, {17, 0, 1, 200, 0, 0, 0, 0}, 0xff, 0},   // option too long
      {protocol::destination_options, {17, 200, 1, 4, 0, 0, 0, 0}, 0xff, 0},   // header too long
      {protocol::routing, {17, 0, 0, 1, 0, 0, 0, 0}, 0, 42},
      {protocol::destination_options, {0, 0, 1, 4, 0, 0, 0, 0}, 1, 40},  // hop-by-hop not first
      {253, {17, 0, 1, 4, 0, 0, 0, 0}, 1, 6},                            // unknown protocol
  };
  auto socket = stack.bind_udp({{}, port});
  for (const Case& c : cases) {
    device.sent.clear();
    const std::uint64_t before = dropped_in_all();
    give(with_extension(c.kind, c.header));
    EXPECT_EQ(dropped_in_all(), before + 1);
    EXPECT_FALSE(socket->receive());
    ASSERT_EQ(device.sent.size(), c.code == 0xff ? 0u : 1u) << int{c.header[2]};
    if (c.code == 0xff) continue;
    const Bytes packet = last_packet();
    const auto message = parse_icmpv6(std::span{packet}.subspan(sizeof(Ipv6Header)));
    EXPECT_EQ(message->type, icmpv6::parameter_problem);
    EXPECT_EQ(message->code, c.code);
    EXPECT_EQ(message->parameter, c.pointer);
  }
}

TEST_F(Fragments, AChainWithoutEndEnds) {
  Bytes chain;
  for (int i = 0; i < 150; ++i)
    for (const int byte : {60, 0, 1, 4, 0, 0, 0, 0}) chain.push_back(std::byte(byte));
  give(frame(ethertype::ipv6,
             ipv6_packet({.source = peer_v6, .target = our_v6, .next_header = 60}, chain)));
  EXPECT_EQ(dropped(Drop::bad_option), 1u);
}

}  // namespace
}  // namespace arrakis::extaris::test
