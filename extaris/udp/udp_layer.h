// udp_layer.h: ports and what arrives at them.
//
// The port number is the index: one load finds the socket. Several sockets may share a port with
// different addresses; they hang on a chain, and the closest match wins.
// Threads: those of the stack.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <vector>

#include "base/address.h"
#include "base/random.h"
#include "extaris/ip/ip_output.h"
#include "extaris/ip/transport_error.h"
#include "extaris/packet/headers.h"
#include "extaris/packet/packet.h"
#include "extaris/stack/config.h"
#include "extaris/stack/counters.h"
#include "extaris/udp/udp_port.h"
#include "extaris/udp/udp_socket.h"

namespace arrakis::extaris {

class UdpLayer {
 public:
  UdpLayer(Link& link, IpOutput& ip, const StackConfig& config, const DeviceInfo& device,
           Counters& counters);

  std::expected<UdpPort*, BindError> bind(const Endpoint& local) noexcept;
  void close(UdpPort& port) noexcept;
  void connect(UdpPort& port, const Endpoint& peer) noexcept;

  // The socket for a datagram; nullptr: nobody listens.
  UdpPort* find(const Endpoint& target, const Endpoint& source) noexcept {
    const std::uint16_t index = by_port_[target.port];
    return index == UdpPort::none ? nullptr : find_in_chain(index, target.address, source);
  }
  // The same where the port alone decides; nullptr: ask with addresses.
  UdpPort* find_by_port(std::uint16_t number) noexcept {
    const std::uint16_t index = by_port_[number];
    if (index == UdpPort::none || !ports_[index].takes_all) return nullptr;
    return &ports_[index];
  }

  // Hands over a packet whose data is the payload and whose headers lie in front of it.
  void deliver(UdpPort& port, Packet&& payload) noexcept {
    if (port.received.full()) [[unlikely]] {
      counters_.drop(Drop::socket_full);
      const Packet dropped{std::move(payload)};
      return;
    }
    ++counters_.delivered_datagrams;
    port.received.push(std::move(payload));
  }

  // For tools. Places in a table, of which some are free (port 0).
  std::span<const UdpPort> ports() const noexcept { return ports_; }

  // ICMP says something of a datagram we sent. False: we did not send it.
  bool report(const TransportError& error) noexcept;

  Packet allocate(std::size_t payload_bytes) noexcept;
  std::size_t largest_unfragmented(const UdpPort& port) noexcept;
  std::expected<void, SendError> send(const UdpPort& port, Packet&& payload,
                                      const Endpoint& target) noexcept;
  std::expected<void, SendError> send(const UdpPort& port, std::span<const std::byte> payload,
                                      const Endpoint& target) noexcept;
  std::expected<void, SendError> reply(const UdpPort& port, Packet&& payload) noexcept;

 private:
  struct Outgoing;

  UdpPort* find_in_chain(std::uint16_t index, const IpAddress& target,
                         const Endpoint& source) noexcept;
  std::expected<std::uint16_t, BindError> choose_number(const Endpoint& local) noexcept;
  bool is_taken(const Endpoint& local) const noexcept;
  void chain_changed(std::uint16_t number) noexcept;
  std::expected<Outgoing, SendError> prepare(const UdpPort& port, const Endpoint& target) noexcept;
  std::expected<void, SendError> send(const Outgoing& to, Packet&& payload) noexcept;
  std::expected<void, SendError> send_copy(const Outgoing& to,
                                           std::span<const std::byte> payload) noexcept;
  template <class Frame>
  std::expected<void, SendError> reply_in_place(const UdpPort& port, Packet&& payload) noexcept;
  std::expected<void, SendError> reply_anew(const UdpPort& port, Packet&& payload) noexcept;
  be16_t checksum(const Outgoing& to, std::span<const std::byte> payload) const noexcept;

  Link& link_;
  IpOutput& ip_;
  Counters& counters_;
  Checksum transmit_checksum_;
  Random random_;
  std::uint16_t free_ = UdpPort::none;
  std::vector<UdpPort> ports_;
  std::vector<std::uint16_t> by_port_;  // 65,536: first socket on a port
};

}  // namespace arrakis::extaris
