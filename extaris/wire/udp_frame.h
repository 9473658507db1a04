// udp_frame.h: all the headers of a UDP datagram in one frame, over IP without options: what the
// fast path reads and writes in one piece.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/byte_reader.h"
#include "extaris/wire/ethernet.h"
#include "extaris/wire/ipv4.h"
#include "extaris/wire/ipv6.h"
#include "extaris/wire/udp.h"

namespace arrakis::extaris {

struct UdpOverIpv4Frame {
  EthernetHeader ethernet;
  Ipv4Header ip;
  UdpHeader udp;

  static constexpr std::uint16_t ethertype = extaris::ethertype::ipv4;
  std::size_t datagram_bytes() const {
    return std::size_t{ip.total_bytes.host()} - sizeof(Ipv4Header);
  }
};
static_assert(WireFormat<UdpOverIpv4Frame> && sizeof(UdpOverIpv4Frame) == 42);

struct UdpOverIpv6Frame {
  EthernetHeader ethernet;
  Ipv6Header ip;
  UdpHeader udp;

  static constexpr std::uint16_t ethertype = extaris::ethertype::ipv6;
  std::size_t datagram_bytes() const { return ip.payload_bytes.host(); }
};
static_assert(WireFormat<UdpOverIpv6Frame> && sizeof(UdpOverIpv6Frame) == 62);

}  // namespace arrakis::extaris
