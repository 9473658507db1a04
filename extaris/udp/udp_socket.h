// udp_socket.h: UDP (RFC 768) over IPv4 and IPv6 without a copy: receive() hands out the buffer the
// device filled, send() and reply() hand it back.
//
// Threads:  those of the stack: one at a time. Nothing here blocks or makes a system call; packets
//           move when the stack is polled.
// Lifetime: the stack must outlive its sockets. Dropping a socket closes it and its backlog.
// Errors:   an enum per call; the reason for lost packets is in Stack::counters().
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>

#include "base/address.h"
#include "extaris/ip/bind_error.h"
#include "extaris/ip/send_error.h"
#include "extaris/udp/datagram.h"

namespace arrakis::extaris {

class Stack;
class UdpLayer;
struct UdpPort;

class UdpSocket {
 public:
  UdpSocket(UdpSocket&& other) noexcept;
  UdpSocket& operator=(UdpSocket&& other) noexcept;
  ~UdpSocket();

  Endpoint local() const noexcept;

  // The oldest datagram that arrived; holds nothing when there is none.
  Datagram receive() noexcept;
  // Up to out.size() of them; returns how many. Cheaper than one by one.
  std::size_t receive(std::span<Datagram> out) noexcept;

  // An empty datagram to write into; holds nothing when the pool is used up.
  // REQUIRES: bytes <= largest_unfragmented().
  Datagram allocate(std::size_t bytes) noexcept;
  std::size_t largest_unfragmented() const noexcept;

  // Both take the datagram in any case; the buffer goes back to the pool when it has been sent or
  // could not be. A payload that does not fit the path is sent in fragments.
  std::expected<void, SendError> send(Datagram&& datagram, const Endpoint& target) noexcept;
  // Sends a received datagram back where it came from, turned round in place.
  std::expected<void, SendError> reply(Datagram&& datagram) noexcept;
  // Copies the payload (up to 65,507 bytes).
  std::expected<void, SendError> send(std::span<const std::byte> payload,
                                      const Endpoint& target) noexcept;

  // Only this peer is heard from now on, and send() may leave its target out (port 0).
  void connect(const Endpoint& peer) noexcept;

  // IPv4 "don't fragment", and no fragments for IPv6 either: too_big instead. Default: off.
  void forbid_fragments(bool on) noexcept;

  // The oldest ICMP error not yet seen, taken off.
  std::optional<SocketError> take_error() noexcept;

 private:
  friend class Stack;
  UdpSocket(UdpLayer& layer, UdpPort& port) noexcept : layer_{&layer}, port_{&port} {}

  UdpLayer* layer_;
  UdpPort* port_;  // nullptr: moved from
};

}  // namespace arrakis::extaris
