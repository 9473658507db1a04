// received_headers.h: the headers in front of a received datagram's payload, read again when asked
// for. They were checked when the packet came in, and nobody but the stack writes there.
//
// REQUIRES: headers(packet).network != 0.
#pragma once

#include "base/address.h"
#include "extaris/packet/headers.h"
#include "extaris/packet/packet.h"
#include "extaris/wire/ipv4.h"
#include "extaris/wire/ipv6.h"
#include "extaris/wire/load_store.h"
#include "extaris/wire/udp.h"

namespace arrakis::extaris {

template <class Header>
Header header_in_front(const Packet& packet, std::size_t inner_bytes = 0) {
  return load<Header>(in_front(packet, inner_bytes + sizeof(Header)));
}

inline bool came_over_ipv4(const Packet& packet) {
  return headers(packet).network == sizeof(Ipv4Header);
}

inline Endpoint source_of(const Packet& packet) {
  const std::uint16_t port = header_in_front<UdpHeader>(packet).source_port.host();
  if (came_over_ipv4(packet))
    return {header_in_front<Ipv4Header>(packet, sizeof(UdpHeader)).source, port};
  return {header_in_front<Ipv6Header>(packet, sizeof(UdpHeader)).source, port};
}

inline Endpoint target_of(const Packet& packet) {
  const std::uint16_t port = header_in_front<UdpHeader>(packet).target_port.host();
  if (came_over_ipv4(packet))
    return {header_in_front<Ipv4Header>(packet, sizeof(UdpHeader)).target, port};
  return {header_in_front<Ipv6Header>(packet, sizeof(UdpHeader)).target, port};
}

}  // namespace arrakis::extaris
