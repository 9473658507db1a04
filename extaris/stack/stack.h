// stack.h: an IP host on one queue pair. Shared-nothing: no global, no thread-local; two stacks in
// one process do not know of each other.
//
// Threads:  one at a time. Everything runs to completion inside poll().
// Lifetime: borrows the device, which must outlive it; sockets must not outlive it.
// Time:     an argument; instants must not go backwards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>

#include "base/instant.h"
#include "extaris/netdev/net_device.h"
#include "extaris/stack/config.h"
#include "extaris/stack/counters.h"
#include "extaris/stack/socket_info.h"
#include "extaris/stack/tap.h"
#include "extaris/tcp/tcp_connection.h"
#include "extaris/udp/udp_socket.h"

namespace arrakis::extaris {

class Stack {
 public:
  Stack(NetDevice& device, const StackConfig& config);
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;
  ~Stack();

  // Receives a burst, runs what is due, sends what has gathered. Returns how many packets came in:
  // 0 means that there was nothing to do.
  std::size_t poll(Instant now) noexcept;

  // Sends what has gathered since the last poll.
  void flush() noexcept;

  // When poll() must be called again even if nothing arrives.
  std::optional<Instant> next_deadline() const noexcept;

  // Whether there is a way to that host, and an address of ours to speak from.
  bool has_route(const IpAddress& target) noexcept;

  // Address "any" (IpAddress{}) listens on all of both families; port 0 picks an ephemeral one.
  std::expected<UdpSocket, BindError> bind_udp(const Endpoint& local) noexcept;

  // TCP. Port 0 picks an ephemeral one, in both.
  std::expected<TcpListener, BindError> listen_tcp(const Endpoint& local,
                                                   const TcpListenOptions& options = {}) noexcept;
  // Begins; the event `connected` or `ended` says what came of it.
  std::expected<TcpConnection, ConnectError> connect_tcp(
      const Endpoint& remote, const TcpConnectOptions& options = {}) noexcept;
  // For which connections and listeners there is news, oldest first; each stands there once, with
  // all that is new about it. Returns how many; call again until that is fewer than out.size().
  std::size_t tcp_events(std::span<TcpEvent> out) noexcept;
  // How many there have been: timers make some without a packet.
  std::uint64_t tcp_event_count() const noexcept;

  const Counters& counters() const noexcept;
  std::size_t tcp_connections() const noexcept;

  // Every socket, a part at a time: looks at `places` of them from `from` on (0: the first), and
  // says where to go on; nothing: that was all. One that begins or ends between two calls may be
  // missing, none is there twice.
  std::optional<std::uint64_t> describe_sockets(std::uint64_t from, std::size_t places,
                                                SocketSink& sink) const noexcept;
  // Sees every frame from now on; nullptr: nobody does. Borrowed.
  void set_tap(Tap* tap) noexcept;

  NetDevice& device() noexcept;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace arrakis::extaris
