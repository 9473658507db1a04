// send_error.h: what can go wrong on the way out, at once and later.
#pragma once

#include <cstdint>

namespace arrakis::extaris {

enum class SendError : std::uint8_t {
  would_block,    // EAGAIN: the transmit queue is full; poll the stack, then try again
  no_route,       // ENETUNREACH
  too_big,        // EMSGSIZE: over 65,507 bytes (IPv4) or 65,487 (IPv6); or over the path MTU with
                  // fragmentation forbidden
  no_buffer,      // ENOBUFS: the pool is used up
  not_connected,  // EDESTADDRREQ: no target given and none set by connect()
};

// What ICMP said of something this socket sent (RFC 1122, 4.1.3.3).
enum class SocketError : std::uint8_t {
  port_unreachable,             // ECONNREFUSED
  host_unreachable,             // EHOSTUNREACH
  network_unreachable,          // ENETUNREACH
  administratively_prohibited,  // EACCES
  message_too_big,              // EMSGSIZE: the path MTU is smaller now
};

}  // namespace arrakis::extaris
