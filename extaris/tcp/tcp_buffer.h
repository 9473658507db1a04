// tcp_buffer.h: bytes of a stream in the buffer that the device uses: lent by receive(), or to be
// sent.
//
// Ownership: move-only; dropping it gives the buffer back to the device's pool. It must not outlive
//            its stack.
// Threads:   those of its stack: one at a time.
#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include "extaris/packet/packet.h"

namespace arrakis::extaris {

class TcpBuffer {
 public:
  TcpBuffer() = default;  // holds nothing
  explicit operator bool() const noexcept { return static_cast<bool>(packet_); }

  std::span<std::byte> bytes() const noexcept;
  // Makes it shorter, or longer up to capacity(); new bytes hold anything. False: does not fit.
  bool resize(std::size_t bytes) noexcept;
  std::size_t capacity() const noexcept;

 private:
  friend class TcpConnection;
  explicit TcpBuffer(Packet packet) noexcept : packet_{std::move(packet)} {}

  Packet packet_;
};

}  // namespace arrakis::extaris
