// tcp_frame.h: all the headers of a TCP segment in one frame, over IP without options: what the
// fast path reads in one piece.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/byte_reader.h"
#include "extaris/wire/ethernet.h"
#include "extaris/wire/ipv4.h"
#include "extaris/wire/ipv6.h"
#include "extaris/wire/tcp.h"

namespace arrakis::extaris {

struct TcpOverIpv4Frame {
  EthernetHeader ethernet;
  Ipv4Header ip;
  TcpHeader tcp;

  static constexpr std::uint16_t ethertype = extaris::ethertype::ipv4;
};
static_assert(WireFormat<TcpOverIpv4Frame> && sizeof(TcpOverIpv4Frame) == 54);

struct TcpOverIpv6Frame {
  EthernetHeader ethernet;
  Ipv6Header ip;
  TcpHeader tcp;

  static constexpr std::uint16_t ethertype = extaris::ethertype::ipv6;
};
static_assert(WireFormat<TcpOverIpv6Frame> && sizeof(TcpOverIpv6Frame) == 74);

}  // namespace arrakis::extaris
