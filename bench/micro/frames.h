// frames.h: the frame that both stacks are given: 64 bytes of UDP payload from a neighbor.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/address.h"
#include "extaris/wire/checksum.h"
#include "extaris/wire/ethernet.h"
#include "extaris/wire/ipv4.h"
#include "extaris/wire/ipv6.h"
#include "extaris/wire/load_store.h"
#include "extaris/wire/protocol.h"
#include "extaris/wire/udp.h"

namespace arrakis::bench {

using extaris::EthernetHeader;
using extaris::Ipv4Header;
using extaris::Ipv6Header;
using extaris::store;
using extaris::UdpHeader;

inline constexpr MacAddress server_mac{{2, 0, 0, 0, 0, 1}};
inline constexpr MacAddress client_mac{{2, 0, 0, 0, 0, 2}};
inline constexpr Ipv4Address server_v4{{10, 0, 0, 1}};
inline constexpr Ipv4Address client_v4{{10, 0, 0, 2}};
inline constexpr Ipv6Address server_v6{{0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
inline constexpr Ipv6Address client_v6{{0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}};
inline constexpr std::uint16_t server_port = 7;
inline constexpr std::uint16_t client_port = 40'000;
inline constexpr std::size_t payload_bytes = 64;

inline std::vector<std::byte> request_frame(bool is_v4) {
  const std::size_t ip_bytes = is_v4 ? sizeof(Ipv4Header) : sizeof(Ipv6Header);
  const std::size_t segment_bytes = sizeof(UdpHeader) + payload_bytes;
  std::vector<std::byte> frame(sizeof(EthernetHeader) + ip_bytes + segment_bytes);
  const auto payload = std::span{frame}.last(payload_bytes);
  for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<std::byte>(i * 37);
  store(frame.data(),
        EthernetHeader{server_mac, client_mac,
                       be16_t{is_v4 ? extaris::ethertype::ipv4 : extaris::ethertype::ipv6}});
  std::byte* ip = frame.data() + sizeof(EthernetHeader);
  UdpHeader udp{be16_t{client_port}, be16_t{server_port},
                be16_t{static_cast<std::uint16_t>(segment_bytes)}, be16_t{0}};
  extaris::InternetSum sum;
  if (is_v4) {
    store(ip, extaris::emit_ipv4({.source = client_v4,
                                  .target = server_v4,
                                  .protocol = extaris::protocol::udp,
                                  .payload_bytes = segment_bytes}));
    sum = extaris::pseudo_header(client_v4, server_v4, extaris::protocol::udp, segment_bytes);
  } else {
    store(ip, extaris::emit_ipv6({.source = client_v6,
                                  .target = server_v6,
                                  .next_header = extaris::protocol::udp,
                                  .payload_bytes = segment_bytes}));
    sum = extaris::pseudo_header(client_v6, server_v6, extaris::protocol::udp, segment_bytes);
  }
  udp.checksum = extaris::udp_checksum(sum.add_header(udp).add(payload).checksum());
  store(ip + ip_bytes, udp);
  return frame;
}

}  // namespace arrakis::bench
