// plain_sums.h: the checksums of a frame that passed a question of fast_path.h.
#pragma once

#include <span>

#include "extaris/packet/bytes.h"
#include "extaris/packet/headers.h"
#include "extaris/wire/checksum.h"
#include "extaris/wire/protocol.h"
#include "extaris/wire/tcp_frame.h"
#include "extaris/wire/udp_frame.h"

namespace arrakis::extaris {

inline bool is_intact(const Ipv4Header& header) {
  return InternetSum{}.add_header(header).intact();
}

// Of the transport header and what follows it. False also for a UDP checksum that was not computed:
// the slow path knows what that means.
template <class Ip>
bool is_intact(const Ip& ip, const UdpHeader& udp, std::span<const std::byte> segment) {
  return udp.checksum != be16_t{0} &&
         pseudo_header(ip.source, ip.target, protocol::udp, segment.size()).add(segment).intact();
}
template <class Ip>
bool is_intact(const Ip& ip, const TcpHeader&, std::span<const std::byte> segment) {
  return pseudo_header(ip.source, ip.target, protocol::tcp, segment.size()).add(segment).intact();
}

// `transport`: the header behind frame.ip. `trusts_device`: what the device found good need not be
// summed.
template <class Frame, class Transport>
bool has_good_sums(const Packet& packet, const Frame& frame, const Transport& transport,
                   bool trusts_device) {
  if constexpr (sizeof(frame.ip) == sizeof(Ipv4Header))
    if (!(trusts_device && network_verdict(packet) == Verdict::good) && !is_intact(frame.ip))
      return false;
  if (trusts_device && transport_verdict(packet) == Verdict::good) return true;
  const auto segment =
      bytes(packet).subspan(sizeof(Frame) - sizeof(Transport), payload_bytes(frame.ip));
  return is_intact(frame.ip, transport, segment);
}

}  // namespace arrakis::extaris
