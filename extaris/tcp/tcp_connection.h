// tcp_connection.h: a TCP connection (RFC 9293) over IPv4 or IPv6, without a copy either way:
// receive() lends the buffers that the device filled, send() takes buffers and gives them back to
// the pool when the peer has acknowledged them.
//
// Threads:  those of the stack: one at a time. Nothing here blocks or makes a system call; packets
//           move when the stack is polled, and tcp_events() says for whom there is news.
// Lifetime: the stack must outlive it. Dropping it closes the connection: what was sent still
//           arrives; if something was received and not read, the peer is told by a reset (RFC 9293,
//           3.6.1). Buffers that it lent stay good.
// Errors:   an enum per call; what ended the connection is error(). After its end every call is
//           still allowed: receive() hands out what had come in order, send() says `closed`.
// Pressure: send() takes at most the send buffer and says so; the receive window closes by what
//           was not read, or was lent and not given back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>

#include "base/address.h"
#include "base/instant.h"
#include "extaris/ip/bind_error.h"
#include "extaris/tcp/tcp_buffer.h"
#include "extaris/tcp/tcp_event.h"
#include "extaris/tcp/tcp_info.h"
#include "extaris/tcp/tcp_options.h"

namespace arrakis::extaris {

class Stack;
class TcpLayer;
namespace tcp {
enum class State : std::uint8_t;  // state.h
struct ControlBlock;
struct Inspector;
}  // namespace tcp

class [[nodiscard]] TcpConnection {
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
  // Both sides have closed, or error() says what else; only what was received is still to be had.
  bool has_ended() const noexcept;
  // The peer has closed its side, and everything it sent has been received.
  bool at_end() const noexcept;
  TcpError error() const noexcept;
  tcp::State state() const noexcept;

  // receive() has bytes, or at_end() is true: the event `readable` is for that.
  bool is_readable() const noexcept;
  // The oldest bytes not yet received; holds nothing when there are none now. Lent until dropped.
  TcpBuffer receive() noexcept;

  // An empty buffer of that many bytes to write into; holds nothing when the pool is used up or it
  // does not fit a packet. segment_bytes() at a time make the best use of the wire.
  TcpBuffer allocate(std::size_t bytes) noexcept;
  std::size_t segment_bytes() const noexcept;

  // Takes the buffer unless it is refused; a refused one stays with the caller. One that was lent
  // by any connection of this stack may be sent as it is.
  [[nodiscard]] std::expected<void, TcpSendError> send(TcpBuffer&& buffer) noexcept;
  // Copies as many of the bytes as there is room for, and says how many: fewer than all, or none.
  [[nodiscard]] std::expected<std::size_t, TcpSendError> send(
      std::span<const std::byte> bytes) noexcept;
  // How much send() takes now.
  std::size_t send_room() const noexcept;
  // The event `room` will come as if send() had refused something.
  void ask_for_room() noexcept;

  // What is sent from here on leaves together, at the next poll or flush of the stack.
  void gather() noexcept;

  // An acknowledgment that waits goes at the next poll or flush. False: none does.
  bool acknowledge() noexcept;

  // Everything that was sent has been acknowledged.
  bool is_drained() const noexcept;

  // Nothing more to send: FIN behind what is queued. Receiving goes on.
  void shutdown() noexcept;
  // Resets the connection; what is queued is lost.
  void abort() noexcept;

  // Socket options (tcp_options.h). A buffer's size is rounded up to a power of two within 2 KiB
  // and 64 MiB, and returned; the window can grow as far as the scale that the handshake agreed on
  // (RFC 7323, 2.2), and what was offered to the peer is not taken back.
  void set_no_delay(bool on) noexcept;                                        // TCP_NODELAY
  void set_keepalive(const std::optional<TcpKeepalive>& keepalive) noexcept;  // SO_KEEPALIVE
  void set_user_timeout(Duration timeout) noexcept;                           // TCP_USER_TIMEOUT
  void set_linger(std::optional<Duration> linger) noexcept;                   // SO_LINGER
  void set_congestion_control(tcp::CongestionControl which) noexcept;         // TCP_CONGESTION
  std::size_t set_receive_buffer(std::size_t bytes) noexcept;                 // SO_RCVBUF
  std::size_t set_send_buffer(std::size_t bytes) noexcept;                    // SO_SNDBUF

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

class [[nodiscard]] TcpListener {
 public:
  TcpListener(TcpListener&& other) noexcept;
  TcpListener& operator=(TcpListener&& other) noexcept;
  ~TcpListener();  // who was not accepted is reset

  std::uint32_t id() const noexcept { return index_; }
  Endpoint local() const noexcept;

  // Somebody waits.
  bool is_acceptable() const noexcept;
  // The connection that has waited longest; nothing: nobody waits.
  std::optional<TcpConnection> accept() noexcept;

 private:
  friend class Stack;
  TcpListener(TcpLayer& layer, std::uint16_t index) noexcept : layer_{&layer}, index_{index} {}

  TcpLayer* layer_;  // nullptr: moved from
  std::uint16_t index_;
};

}  // namespace arrakis::extaris
