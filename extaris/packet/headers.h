// headers.h: what a packet remembers about headers that were pulled off its front, and what device
// and stack tell each other about checksums (rte_mbuf's lengths and offload flags).
//
// REQUIRES everywhere: the packet holds something.
#pragma once

#include <rte_mbuf.h>

#include <cstdint>

#include "extaris/packet/packet.h"

namespace arrakis::extaris {

// Bytes of each header that lies directly in front of the data, outermost first; 0: not there.
struct HeaderLengths {
  std::uint8_t link = 0;
  std::uint8_t network = 0;
  std::uint8_t transport = 0;
};

constexpr std::uint64_t packed(HeaderLengths lengths) {
  return std::uint64_t{lengths.link} | std::uint64_t{lengths.network} << RTE_MBUF_L2_LEN_BITS |
         std::uint64_t{lengths.transport} << (RTE_MBUF_L2_LEN_BITS + RTE_MBUF_L3_LEN_BITS);
}

inline void remember_headers(Packet& packet, HeaderLengths lengths) {
  packet.mbuf()->tx_offload = packed(lengths);
}

inline HeaderLengths headers(const Packet& packet) {
  const rte_mbuf* m = packet.mbuf();
  return {static_cast<std::uint8_t>(m->l2_len), static_cast<std::uint8_t>(m->l3_len),
          static_cast<std::uint8_t>(m->l4_len)};
}

// Whether exactly these are remembered, in one comparison.
inline bool remembers(const Packet& packet, HeaderLengths lengths) {
  return packet.mbuf()->tx_offload == packed(lengths);
}

// What a device that verifies checksums said about a received packet.
enum class Verdict : std::uint8_t {
  unknown,      // it did not look
  bad,          // it looked
  good,         // it looked
  not_written,  // nothing can have damaged the packet, but the field does not hold its sum
};

// "Bad" is not the last word: some devices say it of datagrams that carry no checksum at all.
constexpr bool is_vouched_for(Verdict verdict) {
  return verdict == Verdict::good || verdict == Verdict::not_written;
}

inline Verdict network_verdict(const Packet& packet) {
  switch (packet.mbuf()->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) {
    case RTE_MBUF_F_RX_IP_CKSUM_BAD: return Verdict::bad;
    case RTE_MBUF_F_RX_IP_CKSUM_GOOD: return Verdict::good;
    case RTE_MBUF_F_RX_IP_CKSUM_NONE: return Verdict::not_written;
    default: return Verdict::unknown;
  }
}

inline Verdict transport_verdict(const Packet& packet) {
  switch (packet.mbuf()->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) {
    case RTE_MBUF_F_RX_L4_CKSUM_BAD: return Verdict::bad;
    case RTE_MBUF_F_RX_L4_CKSUM_GOOD: return Verdict::good;
    case RTE_MBUF_F_RX_L4_CKSUM_NONE: return Verdict::not_written;
    default: return Verdict::unknown;
  }
}

// Forgets what the receiving device said; a packet must not be sent with it.
inline void clear_offloads(Packet& packet) {
  packet.mbuf()->ol_flags &= RTE_MBUF_F_EXTERNAL | RTE_MBUF_F_INDIRECT;  // about the buffer itself
}

// Asks the device to complete the UDP checksum, whose field holds the pseudo-header's sum.
inline void request_udp_checksum(Packet& packet, HeaderLengths lengths) {
  remember_headers(packet, lengths);
  packet.mbuf()->ol_flags |=
      RTE_MBUF_F_TX_UDP_CKSUM | (lengths.network == 20 ? RTE_MBUF_F_TX_IPV4 : RTE_MBUF_F_TX_IPV6);
}

// The same of TCP.
inline void request_tcp_checksum(Packet& packet, HeaderLengths lengths) {
  remember_headers(packet, lengths);
  packet.mbuf()->ol_flags |=
      RTE_MBUF_F_TX_TCP_CKSUM | (lengths.network == 20 ? RTE_MBUF_F_TX_IPV4 : RTE_MBUF_F_TX_IPV6);
}

// Bytes in front of the data, which the caller knows to be there.
inline std::byte* in_front(const Packet& packet, std::size_t count) {
  return rte_pktmbuf_mtod(packet.mbuf(), std::byte*) - count;
}

}  // namespace arrakis::extaris
