// drop.h: why a packet went no further. Every one is counted under one of these names.
#pragma once

#include <cstdint>
#include <string_view>

namespace arrakis::extaris {

// Numbers may change; names are what tools show.
enum class Drop : std::uint8_t {
  truncated,    // ends before its headers do
  bad_version,  // IP version field does not match the EtherType
  bad_length,   // a length field that cannot be
  bad_checksum,
  bad_source,     // multicast, broadcast or our own address as source
  bad_option,     // malformed IPv4 option, IPv6 extension header or NDP option
  bad_hop_limit,  // NDP with a hop limit other than 255 (RFC 4861, 6.1)
  not_for_us,     // neither our MAC nor our address
  unknown_ethertype,
  unknown_protocol,  // answered with an ICMP error where RFC 1122 / RFC 4443 want one
  malformed_arp,
  malformed_icmp,
  malformed_ndp,
  no_socket,           // no one listens: ICMP port unreachable
  socket_full,         // the application does not keep up
  fragment_overlap,    // RFC 5722
  fragment_too_large,  // past 65,535 bytes
  fragment_timeout,    // RFC 1122, 3.3.2: reassembly ran out of time
  fragment_no_room,    // all reassembly buffers in use
  no_route,
  no_neighbor,  // ARP or NDP got no answer
  neighbor_queue_full,
  too_big,        // larger than the path, and may not be fragmented
  no_buffer,      // the pool is used up
  transmit_full,  // the device does not keep up
  count
};
std::string_view to_string(Drop drop);

}  // namespace arrakis::extaris
