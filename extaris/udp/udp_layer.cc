// Ports: binding, closing, finding. Sending stands in udp_send.cc.
#include "extaris/udp/udp_layer.h"

#include <utility>

namespace arrakis::extaris {
namespace {

// RFC 6335, 6: the dynamic ports.
constexpr std::uint16_t ephemeral_first = 49'152;
constexpr unsigned ephemeral_count = 65'536 - ephemeral_first;

static_assert(limits::udp_sockets_max < UdpPort::none);

}  // namespace

UdpLayer::UdpLayer(Link& link, IpOutput& ip, const StackConfig& config, const DeviceInfo& device,
                   Counters& counters)
    : link_{link},
      ip_{ip},
      counters_{counters},
      transmit_checksum_{device.transmit_checksum},
      random_{config.seed ^ 0x75'64'70},  // another stream than IP's
      ports_(limits::udp_sockets_max),
      by_port_(65'536, UdpPort::none) {
  for (std::size_t i = 0; i < ports_.size(); ++i)
    ports_[i].next = std::exchange(free_, static_cast<std::uint16_t>(i));
}

std::expected<UdpPort*, BindError> UdpLayer::bind(const Endpoint& local) noexcept {
  if (!local.address.is_any() && !link_.addresses().is_ours(local.address))
    return std::unexpected(BindError::address_not_available);
  if (free_ == UdpPort::none) return std::unexpected(BindError::too_many_sockets);
  const auto number = choose_number(local);
  if (!number) return std::unexpected(number.error());
  PacketRing ring{limits::socket_queue_packets};
  if (ring.capacity() == 0) return std::unexpected(BindError::too_many_sockets);

  const std::uint16_t index = free_;
  UdpPort& port = ports_[index];
  free_ = port.next;
  port.received.swap(ring);
  port.number = *number;
  port.local = local.address;
  port.is_connected = port.forbids_fragments = false;
  port.peer = {};
  port.errors = {};
  port.next = std::exchange(by_port_[*number], index);
  chain_changed(*number);
  return &port;
}

void UdpLayer::connect(UdpPort& port, const Endpoint& peer) noexcept {
  port.peer = peer;
  port.is_connected = peer.port != 0;
  chain_changed(port.number);
}

void UdpLayer::chain_changed(std::uint16_t number) noexcept {
  const std::uint16_t first = by_port_[number];
  const bool is_alone = first != UdpPort::none && ports_[first].next == UdpPort::none;
  for (std::uint16_t i = first; i != UdpPort::none; i = ports_[i].next)
    ports_[i].takes_all = is_alone && ports_[i].local == IpAddress{} && !ports_[i].is_connected;
}

void UdpLayer::close(UdpPort& port) noexcept {
  const auto index = static_cast<std::uint16_t>(&port - ports_.data());
  std::uint16_t* link = &by_port_[port.number];
  while (*link != index) link = &ports_[*link].next;
  *link = port.next;
  PacketRing{}.swap(port.received);
  chain_changed(port.number);
  port.number = 0;
  port.next = std::exchange(free_, index);
}

bool UdpLayer::is_taken(const Endpoint& local) const noexcept {
  for (std::uint16_t i = by_port_[local.port]; i != UdpPort::none; i = ports_[i].next)
    if (ports_[i].local == local.address) return true;
  return false;
}

// RFC 6056, 3.3.1: a random start, then the next that is free.
std::expected<std::uint16_t, BindError> UdpLayer::choose_number(const Endpoint& local) noexcept {
  if (local.port != 0) {
    if (is_taken(local)) return std::unexpected(BindError::address_in_use);
    return local.port;
  }
  const auto start = static_cast<unsigned>(random_.below(ephemeral_count));
  for (unsigned i = 0; i < ephemeral_count; ++i) {
    const auto number = static_cast<std::uint16_t>(ephemeral_first + (start + i) % ephemeral_count);
    if (by_port_[number] == UdpPort::none) return number;
  }
  return std::unexpected(BindError::no_ports);
}

UdpPort* UdpLayer::find_in_chain(std::uint16_t index, const IpAddress& target,
                                 const Endpoint& source) noexcept {
  UdpPort* best = nullptr;
  int closest = 0;
  for (; index != UdpPort::none; index = ports_[index].next) {
    const int closeness = ports_[index].match(target, source);
    if (closeness > closest) {
      closest = closeness;
      best = &ports_[index];
    }
  }
  return best;
}

bool UdpLayer::report(const TransportError& error) noexcept {
  UdpPort* port = find(error.local, error.remote);
  if (port == nullptr) return false;
  // Who lets us cut datagrams up need not know where; the path MTU that is learned does it.
  if (error.what != SocketError::message_too_big || port->forbids_fragments)
    port->errors.push(error.what);
  return true;
}

}  // namespace arrakis::extaris
