// What a host must survive and count: truncated, lying, overlapping and looping packets.
#include <utility>

#include "base/random.h"
#include "extaris/stack/test_host.h"

namespace arrakis::extaris::test {
namespace {

using BadPackets = HostTest;

constexpr std::uint16_t port = 7;

TEST_F(BadPackets, EveryTruncationIsDroppedAndCounted) {
  auto socket = stack.bind_udp({{}, port});
  for (const Bytes& whole :
       {udp_frame_v4(port, text("payload")), udp_frame_v6(port, text("payload"))})
    for (std::size_t length = 0; length < whole.size(); ++length) {
      const std::uint64_t before = dropped_in_all();
      give(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)));
      EXPECT_EQ(dropped_in_all(), before + 1) << length;
      EXPECT_FALSE(socket->receive());
    }
}

TEST_F(BadPackets, PaddingBehindTheDatagramIsCutOff) {
  auto socket = stack.bind_udp({{}, port});
  for (Bytes padded : {udp_frame_v4(port, text("x")), udp_frame_v6(port, text("x"))}) {
    padded.resize(padded.size() + 40);
    give(padded);
    const Datagram datagram = socket->receive();
    ASSERT_TRUE(datagram);
    EXPECT_EQ(datagram.payload().size(), 1u);
  }
}

TEST_F(BadPackets, EveryFlippedBitIsNoticed) {
  auto socket = stack.bind_udp({{}, port});
  const Bytes payload = text("some payload of odd length.");
  for (const Bytes& whole : {udp_frame_v4(port, payload), udp_frame_v6(port, payload)})
    for (std::size_t bit = sizeof(EthernetHeader) * 8; bit < whole.size() * 8; ++bit) {
      Bytes damaged = whole;
      damaged[bit / 8] ^= std::byte{1} << (bit % 8);
      give(damaged);
      // IPv6's class, label and hop limit are under no checksum: what is under one is intact.
      while (const Datagram datagram = socket->receive())
        EXPECT_TRUE(std::ranges::equal(datagram.payload(), payload)) << bit;
    }
  EXPECT_GT(dropped(Drop::bad_checksum), payload.size() * 8);
}

TEST_F(BadPackets, RandomBytesNeverCrash) {
  Random random{7};
  auto socket = stack.bind_udp({{}, port});
  for (int i = 0; i < 20'000; ++i) {
    Bytes noise = random.once_in(2) ? udp_frame_v4(port, text("payload"))
                                    : udp_frame_v6(port, text("payload"));
    for (int flips = 0; flips < 4; ++flips)
      noise[random.below(noise.size())] = static_cast<std::byte>(random.next());
    give(noise);
    while (socket->receive()) {
    }
  }
}

TEST_F(BadPackets, SourcesThatNobodyHas) {
  const auto from = [](const Ipv4Address& source) {
    return frame(ethertype::ipv4,
                 ipv4_packet({.source = source, .target = our_v4, .protocol = protocol::udp},
                             udp_segment(source, our_v4, port, text("x"))));
  };
  auto socket = stack.bind_udp({{}, port});
  const Ipv4Address bad[] = {{{224, 0, 0, 1}}, {{255, 255, 255, 255}}, {{10, 0, 0, 255}},
                             {{127, 0, 0, 1}}, {{0, 0, 0, 0}},         our_v4};
  for (const Ipv4Address& source : bad) give(from(source));
  EXPECT_EQ(dropped(Drop::bad_source), std::size(bad));
  EXPECT_FALSE(socket->receive());
  EXPECT_TRUE(device.sent.empty());
}

TEST_F(BadPackets, NotForUs) {
  auto socket = stack.bind_udp({{}, port});
  give(frame(ethertype::ipv4, {}, *MacAddress::parse("02:00:00:00:00:99")));
  const Ipv4Address other{{10, 0, 0, 77}};
  give(frame(ethertype::ipv4, ipv4_packet({.source = peer_v4, .target = other, .protocol = 17},
                                          udp_segment(peer_v4, other, port, {}))));
  EXPECT_EQ(dropped(Drop::not_for_us), 2u);
  give(frame(0x88cc, {}));
  EXPECT_EQ(dropped(Drop::unknown_ethertype), 1u);
}

TEST_F(BadPackets, UdpWithoutAChecksumIsForIpv4Only) {
  auto socket = stack.bind_udp({{}, port});
  constexpr std::size_t checksum_at = offsetof(UdpHeader, checksum);
  Bytes v4 = udp_frame_v4(port, text("x"));
  store(v4.data() + sizeof(EthernetHeader) + sizeof(Ipv4Header) + checksum_at, be16_t{0});
  give(v4);
  EXPECT_TRUE(socket->receive());
  Bytes v6 = udp_frame_v6(port, text("x"));
  store(v6.data() + sizeof(EthernetHeader) + sizeof(Ipv6Header) + checksum_at, be16_t{0});
  give(v6);
  EXPECT_FALSE(socket->receive());
  EXPECT_EQ(dropped(Drop::bad_checksum), 1u);
}

TEST_F(BadPackets, Ipv4OptionsAreSkippedAndMustBeWellFormed) {
  auto socket = stack.bind_udp({{}, port});
  const auto with_options = [](std::initializer_list<std::uint8_t> options) {
    Bytes packet = ipv4_packet({.source = peer_v4, .target = our_v4, .protocol = 17}, {});
    for (const std::uint8_t option : options) packet.push_back(std::byte{option});
    auto header = load<Ipv4Header>(packet.data());
    const Bytes segment = udp_segment(peer_v4, our_v4, port, text("payload"));
    header.version_and_words = static_cast<std::uint8_t>(0x40 + packet.size() / 4);
    header.total_bytes = be16_t{static_cast<std::uint16_t>(packet.size() + segment.size())};
    header.checksum = be16_t{0};
    store(packet.data(), header);
    header.checksum = InternetSum{}.add(packet).checksum();
    store(packet.data(), header);
    return frame(ethertype::ipv4, join(packet, segment));
  };
  give(with_options({0x94, 4, 0, 0}));  // router alert
  Datagram datagram = socket->receive();
  ASSERT_TRUE(datagram);
  EXPECT_EQ(datagram.source(), (Endpoint{peer_v4, 1000}));
  EXPECT_EQ(datagram.target(), (Endpoint{our_v4, port}));
  ASSERT_TRUE(socket->reply(std::move(datagram)));
  stack.flush();
  EXPECT_TRUE(parse_ipv4(last_packet(), Verify::yes));
  EXPECT_EQ(last_packet().size(), sizeof(Ipv4Header) + sizeof(UdpHeader) + 7);
  give(with_options({0x94, 0, 0, 0}));  // length 0: would loop for ever
  give(with_options({0x94, 5, 0, 0}));  // longer than there is
  EXPECT_EQ(dropped(Drop::bad_option), 2u);
}

}  // namespace
}  // namespace arrakis::extaris::test
