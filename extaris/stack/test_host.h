// test_host.h: for tests: a stack on a device that keeps what is sent and receives what it is
// given.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <deque>
#include <span>
#include <utility>
#include <vector>

#include "extaris/packet/bytes.h"
#include "extaris/packet/eal.h"
#include "extaris/stack/stack.h"
#include "extaris/wire/ethernet.h"
#include "extaris/wire/ipv4.h"
#include "extaris/wire/ipv6.h"
#include "extaris/wire/load_store.h"
#include "extaris/wire/protocol.h"
#include "extaris/wire/udp.h"

namespace arrakis::extaris::test {

using Bytes = std::vector<std::byte>;

inline const MacAddress our_mac = *MacAddress::parse("02:00:00:00:00:01");
inline const MacAddress peer_mac = *MacAddress::parse("02:00:00:00:00:02");
inline const Ipv4Address our_v4{{10, 0, 0, 1}};
inline const Ipv4Address peer_v4{{10, 0, 0, 2}};
inline const Ipv6Address our_v6 = IpAddress::parse("fd00::1")->v6();
inline const Ipv6Address peer_v6 = IpAddress::parse("fd00::2")->v6();

template <class Header>
void append(Bytes& to, const Header& header) {
  to.resize(to.size() + sizeof(header));
  store(to.data() + to.size() - sizeof(header), header);
}

inline Bytes join(const Bytes& a, const Bytes& b) {
  Bytes whole(a.size() + b.size());
  std::ranges::copy(b, std::ranges::copy(a, whole.begin()).out);
  return whole;
}

inline Bytes text(std::string_view characters) {
  Bytes bytes(characters.size());
  std::memcpy(bytes.data(), characters.data(), characters.size());
  return bytes;
}

inline Bytes frame(std::uint16_t type, const Bytes& payload, const MacAddress& target = our_mac) {
  Bytes bytes;
  append(bytes, EthernetHeader{target, peer_mac, be16_t{type}});
  return join(bytes, payload);
}

// A UDP segment with the right checksum; from port 1000.
template <class Address>
Bytes udp_segment(const Address& source, const Address& target, std::uint16_t port,
                  const Bytes& payload) {
  UdpHeader header{be16_t{1000}, be16_t{port},
                   be16_t{static_cast<std::uint16_t>(sizeof(UdpHeader) + payload.size())},
                   be16_t{0}};
  header.checksum =
      udp_checksum(pseudo_header(source, target, protocol::udp, sizeof(header) + payload.size())
                       .add_header(header)
                       .add(payload)
                       .checksum());
  Bytes bytes;
  append(bytes, header);
  return join(bytes, payload);
}

inline Bytes ipv4_packet(Ipv4Fields fields, const Bytes& payload) {
  fields.payload_bytes = payload.size();
  Bytes bytes;
  append(bytes, emit_ipv4(fields));
  return join(bytes, payload);
}

inline Bytes ipv6_packet(Ipv6Fields fields, const Bytes& payload) {
  fields.payload_bytes = payload.size();
  Bytes bytes;
  append(bytes, emit_ipv6(fields));
  return join(bytes, payload);
}

inline Bytes udp_frame_v4(std::uint16_t port, const Bytes& payload) {
  return frame(ethertype::ipv4,
               ipv4_packet({.source = peer_v4, .target = our_v4, .protocol = protocol::udp},
                           udp_segment(peer_v4, our_v4, port, payload)));
}

inline Bytes udp_frame_v6(std::uint16_t port, const Bytes& payload) {
  return frame(ethertype::ipv6,
               ipv6_packet({.source = peer_v6, .target = our_v6, .next_header = protocol::udp},
                           udp_segment(peer_v6, our_v6, port, payload)));
}

class ScriptedDevice final : public NetDevice {
 public:
  ScriptedDevice(PacketPool& pool, const DeviceInfo& info) : info_{info}, pool_{pool} {}

  const DeviceInfo& info() const noexcept override { return info_; }
  void receive(Burst& burst) noexcept override {
    for (; !inbox.empty() && !burst.full(); inbox.pop_front())
      burst.append(std::move(inbox.front()));
  }
  void transmit(Burst& burst) noexcept override {
    if (is_stuck) return;
    for (std::size_t i = 0; i < burst.size(); ++i) {
      const Packet packet = burst.take(i);
      const auto content = bytes(packet);
      sent.emplace_back(content.begin(), content.end());
    }
    burst.clear();
  }
  PacketPool& pool() noexcept override { return pool_; }

  std::deque<Packet> inbox;
  std::vector<Bytes> sent;
  bool is_stuck = false;

 private:
  DeviceInfo info_;
  PacketPool& pool_;
};

inline StackConfig usual_config() {
  return {.addresses = {{IpAddress{our_v4}, 24}, {IpAddress{our_v6}, 64}},
          .routes = {},
          .neighbors = {{IpAddress{peer_v4}, peer_mac}, {IpAddress{peer_v6}, peer_mac}},
          .seed = 1};
}

// A test with one host whose peer is the test itself.
class HostTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(start_eal()); }
  void TearDown() override {
    device.inbox.clear();
    device.is_stuck = false;
    while (const auto due = stack.next_deadline()) stack.poll(*due);  // nothing waits any more
    stack.flush();
    EXPECT_EQ(pool.available(), pool.capacity()) << "packets leaked";
  }

  void give(const Bytes& frame_bytes) {
    Packet packet = pool.allocate();
    ASSERT_TRUE(packet);
    ASSERT_LE(frame_bytes.size(), tailroom(packet));
    resize(packet, frame_bytes.size());
    if (!frame_bytes.empty())
      std::memcpy(bytes(packet).data(), frame_bytes.data(), frame_bytes.size());
    device.inbox.push_back(std::move(packet));
    stack.poll(now);
  }
  std::uint64_t dropped(Drop why) { return stack.counters().dropped(why); }
  std::uint64_t dropped_in_all() {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : stack.counters().drops) sum += count;
    return sum;
  }
  // The IP packet in the last frame sent; empty: none was.
  Bytes last_packet() {
    if (device.sent.empty()) return {};
    const Bytes& last = device.sent.back();
    return {last.begin() + sizeof(EthernetHeader), last.end()};
  }

  PacketPool pool = *PacketPool::create({.packets = 512});
  ScriptedDevice device{pool, {.mac = our_mac}};
  Stack stack{device, usual_config()};
  Instant now{};
};

}  // namespace arrakis::extaris::test
