#include "extaris/udp/udp_socket.h"

#include <utility>

#include "extaris/udp/udp_layer.h"

namespace arrakis::extaris {

UdpSocket::UdpSocket(UdpSocket&& other) noexcept
    : layer_{other.layer_}, port_{std::exchange(other.port_, nullptr)} {}

UdpSocket& UdpSocket::operator=(UdpSocket&& other) noexcept {
  UdpSocket old{std::move(other)};
  std::swap(layer_, old.layer_);
  std::swap(port_, old.port_);
  return *this;
}

UdpSocket::~UdpSocket() {
  if (port_ != nullptr) layer_->close(*port_);
}

Endpoint UdpSocket::local() const noexcept { return {port_->local, port_->number}; }

Datagram UdpSocket::receive() noexcept {
  return port_->received.empty() ? Datagram{} : Datagram{port_->received.pop()};
}

std::size_t UdpSocket::receive(std::span<Datagram> out) noexcept {
  std::size_t count = 0;
  while (count < out.size() && !port_->received.empty())
    out[count++].packet_ = port_->received.pop();
  return count;
}

Datagram UdpSocket::allocate(std::size_t bytes) noexcept {
  return Datagram{layer_->allocate(bytes)};
}

std::size_t UdpSocket::largest_unfragmented() const noexcept {
  return layer_->largest_unfragmented(*port_);
}

std::expected<void, SendError> UdpSocket::send(Datagram&& datagram,
                                               const Endpoint& target) noexcept {
  Packet packet = std::move(datagram.packet_);
  if (!packet) return std::unexpected(SendError::no_buffer);
  return layer_->send(*port_, std::move(packet), target);
}

std::expected<void, SendError> UdpSocket::reply(Datagram&& datagram) noexcept {
  if (!datagram) return std::unexpected(SendError::not_connected);
  return layer_->reply(*port_, std::move(datagram.packet_));
}

std::expected<void, SendError> UdpSocket::send(std::span<const std::byte> payload,
                                               const Endpoint& target) noexcept {
  return layer_->send(*port_, payload, target);
}

void UdpSocket::connect(const Endpoint& peer) noexcept { layer_->connect(*port_, peer); }

void UdpSocket::forbid_fragments(bool on) noexcept { port_->forbids_fragments = on; }

std::optional<SocketError> UdpSocket::take_error() noexcept { return port_->errors.pop(); }

}  // namespace arrakis::extaris
