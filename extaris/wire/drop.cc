#include "extaris/wire/drop.h"

namespace arrakis::extaris {

std::string_view to_string(Drop drop) {
  switch (drop) {  // no default: -Wswitch finds the forgotten reason
    case Drop::truncated: return "truncated";
    case Drop::bad_version: return "bad_version";
    case Drop::bad_length: return "bad_length";
    case Drop::bad_checksum: return "bad_checksum";
    case Drop::bad_source: return "bad_source";
    case Drop::bad_option: return "bad_option";
    case Drop::bad_hop_limit: return "bad_hop_limit";
    case Drop::not_for_us: return "not_for_us";
    case Drop::unknown_ethertype: return "unknown_ethertype";
    case Drop::unknown_protocol: return "unknown_protocol";
    case Drop::malformed_arp: return "malformed_arp";
    case Drop::malformed_icmp: return "malformed_icmp";
    case Drop::malformed_ndp: return "malformed_ndp";
    case Drop::no_socket: return "no_socket";
    case Drop::socket_full: return "socket_full";
    case Drop::fragment_overlap: return "fragment_overlap";
    case Drop::fragment_too_large: return "fragment_too_large";
    case Drop::fragment_timeout: return "fragment_timeout";
    case Drop::fragment_no_room: return "fragment_no_room";
    case Drop::no_route: return "no_route";
    case Drop::no_neighbor: return "no_neighbor";
    case Drop::neighbor_queue_full: return "neighbor_queue_full";
    case Drop::too_big: return "too_big";
    case Drop::no_buffer: return "no_buffer";
    case Drop::transmit_full: return "transmit_full";
    case Drop::count: break;
  }
  return "?";
}

}  // namespace arrakis::extaris
