// tcp_event.h: what there is to do for an application, and why something cannot be had.
#pragma once

#include <cstdint>

namespace arrakis::extaris {

// A connection or a listener about which there is news.
struct TcpEvent {
  enum What : std::uint8_t {
    readable = 1,   // receive() has something, or the end, to say
    room = 2,       // send() takes something again, after it had refused
    connected = 4,  // the handshake is over
    ended = 8,      // reset, timed out or refused: error() says which
    urgent = 16,
    acceptable = 32,  // of a listener: accept()
  };
  std::uint32_t id;  // TcpConnection::id() or TcpListener::id()
  std::uint8_t what;
};

enum class ConnectError : std::uint8_t {
  no_route,               // ENETUNREACH
  address_not_available,  // EADDRNOTAVAIL: not ours, or of another family
  address_in_use,         // EADDRINUSE: exactly this connection exists
  no_ports,               // EAGAIN: no ephemeral port is left towards that peer
  too_many_connections,   // EMFILE
  other_queue,            // of several queues, another one hears the answers to that port; or the
                          // device does not say which one does
  // Later: of a connection whose handshake was awaited (TcpError).
  refused,      // ECONNREFUSED
  timed_out,    // ETIMEDOUT
  unreachable,  // EHOSTUNREACH
};

enum class TcpSendError : std::uint8_t {
  would_block,  // EAGAIN: the send buffer is full; the event `room` tells when it is not
  closed,       // EPIPE: shut down here, or the connection has ended
  too_big,      // EMSGSIZE: more than a packet holds
  no_buffer,    // ENOBUFS: the pool is used up; try again after the next poll
};

// How a connection ended; `none` for a good end or none yet.
enum class TcpError : std::uint8_t { none, reset, refused, timed_out, unreachable, aborted };

}  // namespace arrakis::extaris
