// link.h: IP packets to and from neighbors on an Ethernet: framing, ARP and Neighbor Discovery.
//
// Threads: those of the stack. Time: an argument.
#pragma once

#include <cstdint>
#include <optional>

#include "base/address.h"
#include "base/instant.h"
#include "extaris/link/local_addresses.h"
#include "extaris/link/neighbor_table.h"
#include "extaris/link/transmit_queue.h"
#include "extaris/netdev/net_device.h"
#include "extaris/packet/bytes.h"
#include "extaris/packet/packet.h"
#include "extaris/stack/config.h"
#include "extaris/stack/counters.h"
#include "extaris/wire/arp.h"
#include "extaris/wire/ethernet.h"
#include "extaris/wire/load_store.h"
#include "extaris/wire/ndp.h"

namespace arrakis::extaris {

class Link {
 public:
  Link(NetDevice& device, const StackConfig& config, Counters& counters);

  const MacAddress& mac() const noexcept { return mac_; }
  const LocalAddresses& addresses() const noexcept { return addresses_; }
  TransmitQueue& queue() noexcept { return queue_; }
  PacketPool& pool() noexcept { return pool_; }

  // For us: our own MAC address or a group address.
  bool is_for_us(const MacAddress& target) const noexcept {
    return target == mac_ || target.is_multicast();
  }

  EthernetHeader header_to(const MacAddress& target, std::uint16_t ethertype) const noexcept {
    return {target, mac_, be16_t{ethertype}};
  }

  // Where packets to `next_hop` go now, and how long that is sure to be right.
  std::optional<NeighborTable::Usable> find(const IpAddress& next_hop, Instant now) noexcept;
  std::uint32_t generation() const noexcept { return neighbors_.generation(); }

  // Both take a packet that starts with its IP header and has room for Ethernet's in front.
  // False: dropped and counted, because the device does not keep up.
  bool send(Packet&& packet, const MacAddress& target, std::uint16_t ethertype) noexcept {
    store(push_front(packet, sizeof(EthernetHeader)), header_to(target, ethertype));
    return queue_.push(std::move(packet));
  }
  bool send(Packet&& packet, const IpAddress& next_hop, Instant now) noexcept;

  // What arrived. `source`: of the IPv6 packet around the message.
  void receive_arp(std::span<const std::byte> bytes, Instant now) noexcept;
  void receive_solicitation(const NdpSolicitation& message, const Ipv6Address& source,
                            Instant now) noexcept;
  void receive_advertisement(const NdpAdvertisement& message, Instant now) noexcept;

  // Repeats questions that are due. IP packets whose neighbor never answered go into `failed`.
  void expire(Instant now, Burst& failed) noexcept;
  std::optional<Instant> next_deadline() const noexcept { return neighbors_.next_deadline(); }

 private:
  void solicit(const Solicitation& question) noexcept;
  void solicit(const Ipv4Address& address, const std::optional<MacAddress>& mac) noexcept;
  void solicit(const Ipv6Address& address, const std::optional<MacAddress>& mac) noexcept;
  void advertise(const NdpSolicitation& question, const Ipv6Address& asker,
                 const MacAddress& asker_mac) noexcept;
  void release_waiting(const IpAddress& address, const MacAddress& mac) noexcept;
  template <WireFormat Message>
  Packet packet_of(const Message& message) noexcept {
    return packet_of(std::as_bytes(std::span{&message, 1}));
  }
  Packet packet_of(std::span<const std::byte> message) noexcept;

  Counters& counters_;
  PacketPool& pool_;
  MacAddress mac_;
  LocalAddresses addresses_;
  NeighborTable neighbors_;
  TransmitQueue queue_;
};

}  // namespace arrakis::extaris
