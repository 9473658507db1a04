// IPv4, IPv6 and UDP: what is emitted can be parsed, and what cannot be is refused by name.
#include <gtest/gtest.h>

#include <vector>

#include "extaris/wire/ethernet.h"
#include "extaris/wire/ipv4.h"
#include "extaris/wire/ipv6.h"
#include "extaris/wire/load_store.h"
#include "extaris/wire/protocol.h"
#include "extaris/wire/udp.h"

namespace arrakis::extaris {
namespace {

constexpr Ipv4Address here{{10, 0, 0, 1}};
constexpr Ipv4Address there{{10, 0, 0, 2}};

std::vector<std::byte> ipv4_bytes(std::size_t payload) {
  std::vector<std::byte> bytes(sizeof(Ipv4Header) + payload);
  store(bytes.data(),
        emit_ipv4({.source = here, .target = there, .protocol = 17, .payload_bytes = payload}));
  return bytes;
}

std::vector<std::byte> ipv6_bytes(std::uint8_t next, std::initializer_list<int> payload) {
  std::vector<std::byte> bytes(sizeof(Ipv6Header));
  store(bytes.data(),
        emit_ipv6(
            {.source = {}, .target = {}, .next_header = next, .payload_bytes = payload.size()}));
  for (const int byte : payload) bytes.push_back(std::byte(byte));
  return bytes;
}

TEST(Ipv4, ParsesWhatItEmits) {
  const auto bytes = ipv4_bytes(9);
  const auto packet = parse_ipv4(bytes, Verify::yes);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->source, here);
  EXPECT_EQ(packet->target, there);
  EXPECT_EQ(packet->protocol, 17);
  EXPECT_EQ(packet->header_bytes, 20);
  EXPECT_FALSE(packet->is_fragment());
  EXPECT_EQ(packet->payload.size(), 9u);
}

TEST(Ipv4, CutsOffPadding) {
  auto bytes = ipv4_bytes(9);
  bytes.resize(46);
  EXPECT_EQ(parse_ipv4(bytes, Verify::yes)->payload.size(), 9u);
}

TEST(Ipv4, RefusesLies) {
  auto bytes = ipv4_bytes(9);
  EXPECT_EQ(parse_ipv4(std::span{bytes}.first(19), Verify::no).error(), Drop::truncated);
  EXPECT_EQ(parse_ipv4(std::span{bytes}.first(28), Verify::no).error(), Drop::truncated);
  bytes[0] = std::byte{0x65};
  EXPECT_EQ(parse_ipv4(bytes, Verify::no).error(), Drop::bad_version);
  bytes[0] = std::byte{0x44};
  EXPECT_EQ(parse_ipv4(bytes, Verify::no).error(), Drop::bad_length);
  bytes[0] = std::byte{0x4f};
  EXPECT_EQ(parse_ipv4(bytes, Verify::no).error(), Drop::truncated);
  bytes[0] = std::byte{0x45};
  bytes[8] ^= std::byte{1};
  EXPECT_EQ(parse_ipv4(bytes, Verify::yes).error(), Drop::bad_checksum);
  bytes[2] = bytes[3] = std::byte{0};
  EXPECT_EQ(parse_ipv4(bytes, Verify::no).error(), Drop::bad_length);
}

TEST(Ipv6, ParsesAndRefuses) {
  auto bytes = ipv6_bytes(17, {1, 2, 3});
  EXPECT_EQ(parse_ipv6(bytes)->payload.size(), 3u);
  EXPECT_EQ(parse_ipv6(std::span{bytes}.first(39)).error(), Drop::truncated);
  EXPECT_EQ(parse_ipv6(std::span{bytes}.first(42)).error(), Drop::truncated);
  bytes[0] = std::byte{0x45};
  EXPECT_EQ(parse_ipv6(bytes).error(), Drop::bad_version);
}

TEST(Ipv6, WalksToTheTransport) {
  const auto bytes = ipv6_bytes(protocol::hop_by_hop, {60, 0, 1, 4, 0, 0, 0, 0,    // hop-by-hop
                                                       17, 0, 1, 4, 0, 0, 0, 0});  // options
  const auto upper = walk_extensions(*parse_ipv6(bytes));
  ASSERT_TRUE(upper);
  EXPECT_EQ(upper->protocol, 17);
  EXPECT_EQ(upper->chain_bytes, 16);
  EXPECT_EQ(upper->named_at, 48u);
}

TEST(Ipv6, StopsAtAFragment) {
  const auto bytes = ipv6_bytes(protocol::fragment, {17, 0, 0x01, 0x01, 0, 0, 0, 9, 0xee});
  const auto upper = walk_extensions(*parse_ipv6(bytes));
  ASSERT_TRUE(upper);
  EXPECT_TRUE(upper->is_fragment);
  EXPECT_TRUE(upper->more_fragments);
  EXPECT_EQ(upper->fragment_offset, 256);
  EXPECT_EQ(upper->identification, 9u);
  EXPECT_EQ(upper->next_header, 17);
  EXPECT_EQ(upper->chain_bytes, 8);
}

TEST(Ipv6, EveryTruncationOfAChainIsRefused) {
  const auto whole =
      ipv6_bytes(protocol::hop_by_hop, {60, 0, 1, 4, 0, 0, 0, 0, 17, 0, 1, 4, 0, 0, 0, 0});
  for (std::size_t length = 1; length < 16; ++length) {
    auto packet = *parse_ipv6(whole);
    packet.payload = packet.payload.first(length);
    EXPECT_FALSE(walk_extensions(packet)) << length;
  }
}

TEST(Udp, LengthsMustFit) {
  std::vector<std::byte> bytes(12);
  const auto with_length = [&](std::uint16_t length) {
    store(bytes.data(), UdpHeader{be16_t{1}, be16_t{2}, be16_t{length}, be16_t{0}});
    return parse_udp(bytes);
  };
  EXPECT_EQ(with_length(12)->payload.size(), 4u);
  EXPECT_EQ(with_length(8)->payload.size(), 0u);
  EXPECT_EQ(with_length(7).error(), Drop::bad_length);
  EXPECT_EQ(with_length(13).error(), Drop::bad_length);
  EXPECT_EQ(parse_udp(std::span{bytes}.first(7)).error(), Drop::truncated);
}

TEST(Ethernet, MulticastMappings) {
  EXPECT_EQ(multicast_mac(Ipv4Address{{239, 129, 2, 3}}).to_string(), "01:00:5e:01:02:03");
  const Ipv6Address group = IpAddress::parse("ff02::1:ff00:1234")->v6();
  EXPECT_EQ(multicast_mac(group).to_string(), "33:33:ff:00:12:34");
}

TEST(Drop, EachHasANameOfItsOwn) {
  for (unsigned i = 0; i < static_cast<unsigned>(Drop::count); ++i) {
    EXPECT_NE(to_string(static_cast<Drop>(i)), "?");
    for (unsigned k = 0; k < i; ++k)
      EXPECT_NE(to_string(static_cast<Drop>(i)), to_string(static_cast<Drop>(k)));
  }
}

}  // namespace
}  // namespace arrakis::extaris
