// Ports and sockets, as a program sees them.
#include "extaris/udp/udp_layer.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>
#include <vector>

#include "extaris/stack/test_host.h"

namespace arrakis::extaris::test {
namespace {

using UdpTest = HostTest;

TEST_F(UdpTest, BindsOnceAndToOurAddressesOnly) {
  auto first = stack.bind_udp({{}, 7});
  ASSERT_TRUE(first);
  EXPECT_EQ(stack.bind_udp({{}, 7}).error(), BindError::address_in_use);
  EXPECT_EQ(stack.bind_udp({peer_v4, 8}).error(), BindError::address_not_available);
  *first = *stack.bind_udp({{}, 8});
  EXPECT_TRUE(stack.bind_udp({{}, 7}));  // closed with the socket
}

TEST_F(UdpTest, EphemeralPortsAreDynamicAndDiffer) {
  std::vector<UdpSocket> sockets;
  std::set<std::uint16_t> numbers;
  for (std::size_t i = 0; i < limits::udp_sockets_max; ++i) {
    auto socket = stack.bind_udp({});
    ASSERT_TRUE(socket);
    numbers.insert(socket->local().port);
    sockets.push_back(std::move(*socket));
  }
  EXPECT_EQ(numbers.size(), limits::udp_sockets_max);
  EXPECT_GE(*numbers.begin(), 49'152);  // RFC 6335
  EXPECT_EQ(stack.bind_udp({}).error(), BindError::too_many_sockets);
}

TEST_F(UdpTest, TheClosestSocketWins) {
  auto all = stack.bind_udp({{}, 7});
  auto v4 = stack.bind_udp({Ipv4Address{}, 7});
  auto exact = stack.bind_udp({our_v4, 7});
  give(udp_frame_v4(7, text("a")));
  EXPECT_TRUE(exact->receive());
  give(udp_frame_v6(7, text("b")));
  EXPECT_TRUE(all->receive());
  {
    const UdpSocket closing = std::move(*exact);
  }
  give(udp_frame_v4(7, text("c")));
  EXPECT_TRUE(v4->receive());
  {
    const UdpSocket closing = std::move(*v4);
  }
  give(udp_frame_v4(7, text("d")));
  EXPECT_TRUE(all->receive());
}

TEST_F(UdpTest, AConnectedSocketHearsItsPeerOnly) {
  auto socket = stack.bind_udp({{}, 7});
  socket->connect({peer_v4, 1'001});
  give(udp_frame_v4(7, text("from 1000")));
  EXPECT_FALSE(socket->receive());
  EXPECT_EQ(dropped(Drop::no_socket), 1u);
  socket->connect({peer_v4, 1'000});
  give(udp_frame_v4(7, text("from 1000")));
  EXPECT_TRUE(socket->receive());
  EXPECT_TRUE(socket->send(text("back"), {}));
  socket->connect({});
  EXPECT_EQ(socket->send(text("back"), {}).error(), SendError::not_connected);
}

TEST_F(UdpTest, AFullBacklogIsCounted) {
  PacketPool many = *PacketPool::create({.packets = 2 * limits::socket_queue_packets});
  auto socket = stack.bind_udp({{}, 7});
  const Bytes frame_bytes = udp_frame_v4(7, text("x"));
  for (std::size_t i = 0; i < limits::socket_queue_packets + 5; ++i) {
    Packet packet = many.allocate();
    resize(packet, frame_bytes.size());
    std::memcpy(bytes(packet).data(), frame_bytes.data(), frame_bytes.size());
    device.inbox.push_back(std::move(packet));
    stack.poll(now);
  }
  EXPECT_EQ(dropped(Drop::socket_full), 5u);
  {
    const UdpSocket closing = std::move(*socket);
  }
  EXPECT_EQ(many.available(), many.capacity());  // the backlog went with the socket
}

// The datagram in the last frame, its checksum verified.
Endpoint check_v4(const Bytes& packet, const Bytes& payload) {
  const auto ip = parse_ipv4(packet, Verify::yes);
  EXPECT_TRUE(ip);
  const auto udp = parse_udp(ip->payload);
  EXPECT_TRUE(udp);
  EXPECT_TRUE(pseudo_header(ip->source, ip->target, protocol::udp, ip->payload.size())
                  .add(ip->payload)
                  .intact());
  EXPECT_TRUE(std::ranges::equal(udp->payload, payload));
  return {ip->target, udp->target_port};
}

TEST_F(UdpTest, AReplyGoesBackInPlaceOrWrittenTo) {
  auto socket = stack.bind_udp({{}, 7});
  give(udp_frame_v4(7, text("as it is")));
  ASSERT_TRUE(socket->reply(socket->receive()));
  stack.flush();
  EXPECT_EQ(check_v4(last_packet(), text("as it is")), (Endpoint{peer_v4, 1'000}));
  give(udp_frame_v4(7, text("changed")));
  Datagram datagram = socket->receive();
  datagram.mutable_payload()[0] = std::byte{'C'};
  ASSERT_TRUE(socket->reply(std::move(datagram)));
  stack.flush();
  check_v4(last_packet(), text("Changed"));
  give(udp_frame_v4(7, text("shorter")));
  datagram = socket->receive();
  ASSERT_TRUE(datagram.resize(5));
  EXPECT_FALSE(datagram.resize(100'000));
  ASSERT_TRUE(socket->reply(std::move(datagram)));
  stack.flush();
  check_v4(last_packet(), text("short"));
}

TEST_F(UdpTest, AllocatedDatagramsAreSentWithoutACopy) {
  auto socket = stack.bind_udp({});
  Datagram datagram = socket->allocate(5);
  ASSERT_TRUE(datagram);
  EXPECT_EQ(datagram.source(), Endpoint{});
  std::memcpy(datagram.mutable_payload().data(), "hello", 5);
  ASSERT_TRUE(socket->send(std::move(datagram), {peer_v4, 9}));
  stack.flush();
  EXPECT_EQ(check_v4(last_packet(), text("hello")), (Endpoint{peer_v4, 9}));
  EXPECT_EQ(socket->largest_unfragmented(), 1'452u);  // for either family
  socket->connect({peer_v4, 9});
  EXPECT_EQ(socket->largest_unfragmented(), 1'472u);
  EXPECT_FALSE(socket->allocate(10'000));
  EXPECT_EQ(socket->reply(socket->allocate(1)).error(), SendError::not_connected);
}

TEST_F(UdpTest, WhatCannotBeSentSaysWhy) {
  auto socket = stack.bind_udp({});
  EXPECT_EQ(socket->send(text("x"), {*IpAddress::parse("192.0.2.1"), 9}).error(),
            SendError::no_route);
  EXPECT_EQ(socket->send(text("x"), {our_v4, 9}).error(), SendError::no_route);
  EXPECT_EQ(socket->send(Bytes(65'508), {peer_v4, 9}).error(), SendError::too_big);
  EXPECT_EQ(socket->send(Bytes(65'488), {peer_v6, 9}).error(), SendError::too_big);
  EXPECT_EQ(socket->send(text("x"), {}).error(), SendError::not_connected);
  EXPECT_TRUE(socket->send(Bytes(65'507), {peer_v4, 9}));
  stack.flush();
  EXPECT_EQ(device.sent.size(), 45u);
}

TEST_F(UdpTest, AStuckDeviceBlocksTheSender) {
  auto socket = stack.bind_udp({});
  device.is_stuck = true;
  int taken = 0;
  while (socket->send(text("x"), {peer_v4, 9})) ++taken;
  EXPECT_EQ(taken, int{Burst::capacity});
  EXPECT_EQ(socket->send(text("x"), {peer_v4, 9}).error(), SendError::would_block);
  EXPECT_EQ(socket->send(Bytes(3'000), {peer_v4, 9}).error(), SendError::would_block);
  device.is_stuck = false;
  EXPECT_TRUE(socket->send(text("x"), {peer_v4, 9}));
  stack.flush();
  EXPECT_EQ(device.sent.size(), Burst::capacity + 1);
}

TEST_F(UdpTest, AnEmptyPoolIsAnErrorAndNoMore) {
  auto socket = stack.bind_udp({});
  std::vector<Packet> all;
  while (Packet packet = pool.allocate()) all.push_back(std::move(packet));
  EXPECT_FALSE(socket->allocate(1));
  EXPECT_EQ(socket->send(text("x"), {peer_v4, 9}).error(), SendError::no_buffer);
  EXPECT_EQ(socket->send(Bytes(3'000), {peer_v4, 9}).error(), SendError::no_buffer);
  EXPECT_EQ(dropped(Drop::no_buffer), 3u);
}

}  // namespace
}  // namespace arrakis::extaris::test
