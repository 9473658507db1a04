// datagram.h: one UDP datagram, received or to be sent, in the buffer that the device uses.
//
// Ownership: move-only; dropping it gives the buffer back to the device's pool. A datagram must not
//            outlive its stack.
// Threads:   those of its stack: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "base/address.h"
#include "extaris/packet/packet.h"

namespace arrakis::extaris {

class Datagram {
 public:
  Datagram() = default;  // holds nothing
  explicit operator bool() const noexcept { return static_cast<bool>(packet_); }

  // The bytes between the UDP header and the end, contiguous even when they came as fragments.
  std::span<const std::byte> payload() const noexcept;

  // The same bytes to write to. Marks the datagram, so that its checksum is computed anew; an echo
  // that never asks for them keeps the sender's, which is still right with both ends exchanged.
  std::span<std::byte> mutable_payload() noexcept;

  // Makes the payload shorter, or longer up to capacity(). New bytes hold anything.
  // False: does not fit, nothing changed.
  bool resize(std::size_t bytes) noexcept;
  std::size_t capacity() const noexcept;

  // Of a received datagram: who sent it, and to which of our addresses and ports.
  Endpoint source() const noexcept;
  Endpoint target() const noexcept;

 private:
  friend class UdpSocket;
  friend class UdpLayer;
  explicit Datagram(Packet packet) noexcept : packet_{std::move(packet)} {}

  Packet packet_;  // data starts at the payload; the headers it came with lie in front
};

}  // namespace arrakis::extaris
