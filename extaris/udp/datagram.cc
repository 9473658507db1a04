#include "extaris/udp/datagram.h"

#include "extaris/packet/bytes.h"
#include "extaris/packet/headers.h"
#include "extaris/udp/received_headers.h"

namespace arrakis::extaris {
namespace {

// A transport length of 0 says that the UDP checksum in front is not that of the data any more.
void mark_written(Packet& packet) {
  HeaderLengths lengths = headers(packet);
  lengths.transport = 0;
  remember_headers(packet, lengths);
}

}  // namespace

std::span<const std::byte> Datagram::payload() const noexcept {
  return packet_ ? bytes(packet_) : std::span<std::byte>{};
}

std::span<std::byte> Datagram::mutable_payload() noexcept {
  if (!packet_) return {};
  mark_written(packet_);
  return bytes(packet_);
}

bool Datagram::resize(std::size_t count) noexcept {
  if (count > capacity()) return false;
  if (!packet_) return count == 0;
  mark_written(packet_);
  extaris::resize(packet_, count);
  return true;
}

std::size_t Datagram::capacity() const noexcept {
  return packet_ ? size(packet_) + tailroom(packet_) : 0;
}

Endpoint Datagram::source() const noexcept {
  return packet_ && headers(packet_).network != 0 ? source_of(packet_) : Endpoint{};
}

Endpoint Datagram::target() const noexcept {
  return packet_ && headers(packet_).network != 0 ? target_of(packet_) : Endpoint{};
}

}  // namespace arrakis::extaris
