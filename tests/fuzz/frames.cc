#include "tests/fuzz/frames.h"

#include <cstdlib>

#include "extaris/wire/arp.h"
#include "extaris/wire/checksum.h"
#include "extaris/wire/ethernet.h"
#include "extaris/wire/icmpv4.h"
#include "extaris/wire/ipv4.h"
#include "extaris/wire/ipv6.h"
#include "extaris/wire/load_store.h"
#include "extaris/wire/protocol.h"
#include "extaris/wire/udp.h"

namespace arrakis::fuzz {
namespace {

namespace protocol = extaris::protocol;
namespace ethertype = extaris::ethertype;
using extaris::ArpMessage;
using extaris::EthernetHeader;
using extaris::InternetSum;
using extaris::Ipv4Header;
using extaris::Ipv6FragmentHeader;
using extaris::Ipv6Header;
using extaris::UdpHeader;

constexpr std::size_t payload_max = 1'400;
constexpr std::size_t mtu_bytes = 1'500;

template <class Header>
Bytes with(const Header& header, const Bytes& payload) {
  Bytes bytes(sizeof(header));
  extaris::store(bytes.data(), header);
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return bytes;
}

// A few hosts; 0 is the one that is known.
Ipv4Address host_v4(std::uint8_t which) {
  return {{10, 0, 0, static_cast<std::uint8_t>(2 + which % 6)}};
}
Ipv6Address host_v6(std::uint8_t which) {
  Ipv6Address address = our_v6;
  address.bytes[15] = static_cast<std::uint8_t>(2 + which % 6);
  return address;
}
// Us, mostly.
Ipv4Address target_v4(std::uint8_t which) {
  switch (which % 8) {
    case 6: return {{10, 0, 0, 255}};
    case 7: return {{224, 0, 0, 1}};
    default: return our_v4;
  }
}
Ipv6Address target_v6(std::uint8_t which) {
  constexpr Ipv6Address all_nodes{{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
  constexpr Ipv6Address our_group{{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 1}};
  switch (which % 8) {
    case 6: return all_nodes;
    case 7: return our_group;
    default: return our_v6;
  }
}

struct Ends {
  explicit Ends(Script& script) : source{script.byte()}, target{script.byte()} {}
  std::uint8_t source, target;
};

Bytes ethernet(std::uint16_t type, const Bytes& payload) {
  return with(EthernetHeader{our_mac, {{2, 0, 0, 0, 0, 2}}, be16_t{type}}, payload);
}

Bytes ipv4(const Ends& ends, std::uint8_t carried, const Bytes& payload, std::uint16_t fragment = 0,
           std::uint16_t identification = 0) {
  return ethernet(ethertype::ipv4, with(extaris::emit_ipv4({.source = host_v4(ends.source),
                                                            .target = target_v4(ends.target),
                                                            .protocol = carried,
                                                            .identification = identification,
                                                            .fragment = fragment,
                                                            .payload_bytes = payload.size()}),
                                        payload));
}

Bytes ipv6(const Ends& ends, std::uint8_t carried, const Bytes& payload) {
  return ethernet(ethertype::ipv6, with(extaris::emit_ipv6({.source = host_v6(ends.source),
                                                            .target = target_v6(ends.target),
                                                            .next_header = carried,
                                                            .hop_limit = 255,
                                                            .payload_bytes = payload.size()}),
                                        payload));
}

template <class Address>
Bytes udp(const Address& source, const Address& target, Script& script) {
  const std::uint16_t port = script.byte() % 2 == 0 ? our_port : script.word();
  const Bytes payload = script.bytes(payload_max);
  UdpHeader header{be16_t{1000}, be16_t{port},
                   be16_t{static_cast<std::uint16_t>(sizeof(UdpHeader) + payload.size())},
                   be16_t{0}};
  header.checksum = extaris::udp_checksum(
      extaris::pseudo_header(source, target, protocol::udp, sizeof(header) + payload.size())
          .add_header(header)
          .add(payload)
          .checksum());
  return with(header, payload);
}

// Both families' messages begin alike; `sum` holds what stands in front.
Bytes icmp(InternetSum sum, std::size_t body_bytes_max, Script& script) {
  extaris::Icmpv4Header header{script.byte(), script.byte(), be16_t{0}, be32_t{script.word()}};
  const Bytes body = script.bytes(body_bytes_max);
  header.checksum = sum.add_header(header).add(body).checksum();
  return with(header, body);
}

Bytes icmp_v6(const Ends& ends, Script& script) {
  Bytes message = icmp({}, payload_max, script);
  auto header = extaris::load<extaris::Icmpv4Header>(message.data());
  header.checksum = be16_t{0};
  extaris::store(message.data(), header);
  header.checksum = extaris::pseudo_header(host_v6(ends.source), target_v6(ends.target),
                                           protocol::icmpv6, message.size())
                        .add(message)
                        .checksum();
  extaris::store(message.data(), header);
  return message;
}

Bytes arp(Script& script) {
  const Ends ends{script};
  const ArpMessage message{.operation = static_cast<extaris::ArpOperation>(1 + script.byte() % 2),
                           .sender_mac = {{2, 0, 0, 0, 0, script.byte()}},
                           .sender_ip = host_v4(ends.source),
                           .target_mac = our_mac,
                           .target_ip = target_v4(ends.target)};
  return ethernet(ethertype::arp, with(extaris::emit_arp(message), {}));
}

Bytes fragment_v6(Script& script) {
  const Ends ends{script};
  const Ipv6FragmentHeader header{script.byte(), 0, be16_t{script.word()},
                                  be32_t{script.byte() % 4u}};
  return ipv6(ends, protocol::fragment, with(header, script.bytes(payload_max)));
}

}  // namespace

Bytes next_frame(Script& script) {
  const std::uint8_t kind = script.byte();
  switch (kind % 9) {
    case 0: return script.bytes(mtu_bytes + sizeof(EthernetHeader));
    case 1: return arp(script);
    case 2: return fragment_v6(script);
    default: break;
  }
  const Ends ends{script};
  switch (kind % 9) {
    case 3:
      return ipv4(ends, protocol::udp, udp(host_v4(ends.source), target_v4(ends.target), script));
    case 4:
      return ipv6(ends, protocol::udp, udp(host_v6(ends.source), target_v6(ends.target), script));
    case 5: return ipv4(ends, protocol::icmpv4, icmp({}, payload_max, script));
    case 6: return ipv6(ends, protocol::icmpv6, icmp_v6(ends, script));
    case 7: {
      const std::uint8_t carried = script.byte();
      const std::uint16_t fragment = script.word();
      return ipv4(ends, carried, script.bytes(payload_max), fragment, script.byte() % 4);
    }
    default: {
      const std::uint8_t carried = script.byte();
      return ipv6(ends, carried, script.bytes(payload_max));
    }
  }
}

void must_be_well_formed(std::span<const std::byte> frame) {
  const auto ethernet_frame = extaris::parse_ethernet(frame);
  if (!ethernet_frame || frame.size() > mtu_bytes + sizeof(EthernetHeader)) std::abort();
  switch (ethernet_frame->type) {
    case ethertype::arp:
      if (!extaris::parse_arp(ethernet_frame->payload)) std::abort();
      return;
    case ethertype::ipv4: {
      const auto packet = extaris::parse_ipv4(ethernet_frame->payload, extaris::Verify::yes);
      if (!packet || packet->source != our_v4) std::abort();
      return;
    }
    case ethertype::ipv6: {
      const auto packet = extaris::parse_ipv6(ethernet_frame->payload);
      if (!packet || !extaris::walk_extensions(*packet)) std::abort();
      return;
    }
    default: std::abort();
  }
}

}  // namespace arrakis::fuzz
