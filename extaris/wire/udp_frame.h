// udp_frame.h: all the headers of a UDP datagram in one frame, over IP without options: what the
// fast path reads and writes in one piece.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/byte_reader.h"
#include "extaris/wire/ethernet.h"
#include "extaris/wire/ipv4.h"
#include "extaris/wire/ipv6.h"
#include "extaris/wire/load_store.h"
#include "extaris/wire/protocol.h"
#include "extaris/wire/udp.h"

namespace arrakis::extaris {

struct UdpOverIpv4Frame {
  EthernetHeader ethernet;
  Ipv4Header ip;
  UdpHeader udp;

  static constexpr std::uint16_t ethertype = extaris::ethertype::ipv4;
};
static_assert(WireFormat<UdpOverIpv4Frame> && sizeof(UdpOverIpv4Frame) == 42);

struct UdpOverIpv6Frame {
  EthernetHeader ethernet;
  Ipv6Header ip;
  UdpHeader udp;

  static constexpr std::uint16_t ethertype = extaris::ethertype::ipv6;
};
static_assert(WireFormat<UdpOverIpv6Frame> && sizeof(UdpOverIpv6Frame) == 62);

// An answer's header over that of the request.
inline void turn_round(Ipv4Header& ip) {
  const Ipv4Header answer = emit_ipv4({.source = ip.target,
                                       .target = ip.source,
                                       .protocol = protocol::udp,
                                       .payload_bytes = payload_bytes(ip)});
  write(ip, answer);
}

inline void turn_round(Ipv6Header& ip) {
  const Ipv6Address source = ip.source;
  ip.source = ip.target;
  ip.target = source;
  ip.version_class_flow = be32_t{ipv6::plain};
  ip.hop_limit = ipv6::default_hop_limit;
}

inline void turn_round(UdpHeader& udp) {
  const be16_t source = udp.source_port;
  udp.source_port = udp.target_port;
  udp.target_port = source;
}

}  // namespace arrakis::extaris
