// tcp_connection.h: a TCP connection (RFC 9293) over IPv4 or IPv6, without a copy either way:
// receive() lends the buffers that the device filled, send() takes buffers and gives them back to
// the pool when the peer has acknowledged them.
//
// Threads:  those of the stack: one at a time. Nothing here blocks or makes a system call; packets
//           move when the stack is polled, and Stack::tcp_events() says for whom there is news.
// Lifetime: the stack must outlive it. Dropping it closes the connection: what was sent still
//           arrives; if something was received and not read, the peer is told by a reset.
// Errors:   an enum per call; what ended the connection is error().
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string_view>

#include "base/address.h"
#include "base/instant.h"
#include "extaris/ip/bind_error.h"
#include "extaris/tcp/tcp_buffer.h"
#include "extaris/tcp/tcp_event.h"

namespace arrakis::extaris {

class Stack;
class TcpLayer;
namespace tcp {
struct ControlBlock;
struct Inspector;
}  // namespace tcp

// What `ss -ti` shows.
struct TcpInfo {
  std::string_view state;
  std::string_view congestion_control;
  std::uint32_t unsent_bytes;
  std::uint32_t unacknowledged_bytes;
  std::uint32_t unread_bytes;
  std::uint32_t congestion_window_bytes;
  std::uint32_t slow_start_threshold_bytes;
  std::uint32_t peer_window_bytes;
  std::uint32_t round_trip_us;
  std::uint32_t round_trip_variation_us;
  std::uint32_t segment_bytes;  // MSS
  std::uint32_t retransmitted_segments;
};

class TcpConnection {
 public:
  TcpConnection(TcpConnection&& other) noexcept;
  TcpConnection& operator=(TcpConnection&& other) noexcept;
  ~TcpConnection();

  // Which one it is in TcpEvent; small, and used again when the connection is gone.
  std::uint32_t id() const noexcept;
  Endpoint local() const noexcept;
  Endpoint remote() const noexcept;

  // The handshake is over and the connection has not ended.
  bool is_open() const noexcept;
  // The peer has closed its side, and everything it sent has been received.
  bool at_end() const noexcept;
  TcpError error() const noexcept;

  // The oldest bytes not yet received; holds nothing when there are none now.
  TcpBuffer receive() noexcept;

  // An empty buffer of that many bytes to write into; holds nothing when the pool is used up or it
  // does not fit a packet. segment_bytes() at a time make the best use of the wire.
  TcpBuffer allocate(std::size_t bytes) noexcept;
  std::size_t segment_bytes() const noexcept;

  // Takes the buffer unless it is refused; a refused one stays with the caller.
  [[nodiscard]] std::expected<void, TcpSendError> send(TcpBuffer&& buffer) noexcept;
  // Copies as many of the bytes as there is room for, and says how many: fewer than all, or none.
  [[nodiscard]] std::expected<std::size_t, TcpSendError> send(
      std::span<const std::byte> bytes) noexcept;
  // How much send() takes now.
  std::size_t send_room() const noexcept;

  // Nothing more to send: FIN behind what is queued. Receiving goes on.
  void shutdown() noexcept;
  // Resets the connection; what is queued is lost.
  void abort() noexcept;

  void set_no_delay(bool on) noexcept;  // TCP_NODELAY
  // SO_KEEPALIVE, TCP_KEEPIDLE and TCP_KEEPINTVL; nothing: off.
  struct Keepalive {
    Duration idle;
    Duration interval;
  };
  void set_keepalive(const std::optional<Keepalive>& keepalive) noexcept;
  // TCP_USER_TIMEOUT (RFC 5482): how long sent data may stay unacknowledged; 0: the default.
  void set_user_timeout(Duration timeout) noexcept;

  TcpInfo info() const noexcept;

 private:
  friend class Stack;
  friend class TcpListener;
  friend struct tcp::Inspector;
  TcpConnection(TcpLayer& layer, tcp::ControlBlock& block) noexcept
      : layer_{&layer}, block_{&block} {}

  TcpLayer* layer_;
  tcp::ControlBlock* block_;  // nullptr: moved from
};

class TcpListener {
 public:
  TcpListener(TcpListener&& other) noexcept;
  TcpListener& operator=(TcpListener&& other) noexcept;
  ~TcpListener();  // who was not accepted is reset

  std::uint32_t id() const noexcept { return index_; }
  Endpoint local() const noexcept;

  // The connection that has waited longest; nothing: nobody waits.
  std::optional<TcpConnection> accept() noexcept;

 private:
  friend class Stack;
  TcpListener(TcpLayer& layer, std::uint16_t index) noexcept : layer_{&layer}, index_{index} {}

  TcpLayer* layer_;  // nullptr: moved from
  std::uint16_t index_;
};

}  // namespace arrakis::extaris
