// tcp_buffer.h: bytes of a stream in the buffer that the device uses: lent by receive(), or to be
// sent.
//
// Ownership: move-only; dropping it gives the buffer back to the device's pool. What receive() lent
//            counts against the connection's receive window until it is dropped or sent on: who
//            keeps much hears less. It may outlive its connection, but not its stack.
// Threads:   those of its stack: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "extaris/packet/packet.h"

namespace arrakis::extaris {

class TcpLayer;

class [[nodiscard]] TcpBuffer {
 public:
  TcpBuffer() = default;  // holds nothing
  TcpBuffer(TcpBuffer&& other) noexcept
      : packet_{std::move(other.packet_)},
        lender_{std::exchange(other.lender_, nullptr)},
        connection_{other.connection_},
        generation_{other.generation_} {}
  TcpBuffer& operator=(TcpBuffer&& other) noexcept {
    TcpBuffer old{std::move(other)};
    std::swap(packet_, old.packet_);
    std::swap(lender_, old.lender_);
    std::swap(connection_, old.connection_);
    std::swap(generation_, old.generation_);
    return *this;
  }
  ~TcpBuffer() {
    if (lender_ != nullptr) settle();
  }

  explicit operator bool() const noexcept { return static_cast<bool>(packet_); }

  std::span<std::byte> bytes() const noexcept;
  std::string_view text() const noexcept;  // the same
  // Makes it shorter, or longer up to capacity(); new bytes hold anything. False: does not fit.
  [[nodiscard]] bool resize(std::size_t bytes) noexcept;
  std::size_t capacity() const noexcept;

 private:
  friend class TcpConnection;
  explicit TcpBuffer(Packet packet) noexcept : packet_{std::move(packet)} {}
  // Tells who lent it that it is not needed any more.
  void settle() noexcept;

  Packet packet_;
  TcpLayer* lender_ = nullptr;    // nullptr: it was not received, or is settled
  std::uint32_t connection_ = 0;  // whose bytes these were
  std::uint32_t generation_ = 0;
};

}  // namespace arrakis::extaris
