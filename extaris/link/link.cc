#include "extaris/link/link.h"

#include <cstring>
#include <limits>
#include <utility>

#include "extaris/packet/bytes.h"
#include "extaris/wire/load_store.h"

namespace arrakis::extaris {
namespace {

constexpr Instant forever{std::numeric_limits<std::int64_t>::max()};

std::uint16_t ethertype_of(const Packet& ip_packet) {
  return static_cast<std::uint8_t>(bytes(ip_packet)[0]) >> 4 == 4 ? ethertype::ipv4
                                                                  : ethertype::ipv6;
}

}  // namespace

Link::Link(NetDevice& device, const StackConfig& config, Counters& counters)
    : counters_{counters},
      pool_{device.pool()},
      mac_{device.info().mac},
      addresses_{mac_, config.addresses},
      neighbors_{config.neighbors, counters},
      queue_{device, counters} {}

std::optional<NeighborTable::Usable> Link::find(const IpAddress& next_hop, Instant now) noexcept {
  if (next_hop.is_v4()) {
    const Ipv4Address v4 = next_hop.v4();
    if (addresses_.is_broadcast(v4)) return NeighborTable::Usable{MacAddress::broadcast(), forever};
    if (v4.is_multicast()) return NeighborTable::Usable{multicast_mac(v4), forever};
  } else if (next_hop.is_multicast()) {
    return NeighborTable::Usable{multicast_mac(next_hop.v6()), forever};
  }
  return neighbors_.use(next_hop, now);
}

bool Link::send(Packet&& packet, const IpAddress& next_hop, Instant now) noexcept {
  if (const auto neighbor = find(next_hop, now)) {
    const std::uint16_t type = ethertype_of(packet);
    return send(std::move(packet), neighbor->mac, type);
  }
  if (neighbors_.wait(next_hop, std::move(packet), now)) solicit({next_hop, std::nullopt});
  return true;
}

void Link::release_waiting(const IpAddress& address, const MacAddress& mac) noexcept {
  while (Packet packet = neighbors_.next_waiting(address)) {
    const std::uint16_t type = ethertype_of(packet);
    send(std::move(packet), mac, type);
  }
}

void Link::expire(Instant now, Burst& failed) noexcept {
  while (const auto question = neighbors_.expire(now, failed)) solicit(*question);
}

void Link::solicit(const Solicitation& question) noexcept {
  if (question.address.is_v4())
    solicit(question.address.v4(), question.mac);
  else
    solicit(question.address.v6(), question.mac);
}

Packet Link::packet_of(std::span<const std::byte> message) noexcept {
  Packet packet = pool_.allocate();
  if (!packet) {
    counters_.drop(Drop::no_buffer);
    return packet;
  }
  resize(packet, message.size());
  std::memcpy(bytes(packet).data(), message.data(), message.size());
  return packet;
}

void Link::solicit(const Ipv4Address& address, const std::optional<MacAddress>& mac) noexcept {
  const auto source = addresses_.source_for(address);
  if (!source) return;
  Packet packet = packet_of(emit_arp({.operation = ArpOperation::request,
                                      .sender_mac = mac_,
                                      .sender_ip = *source,
                                      .target_mac = {},
                                      .target_ip = address}));
  if (packet) send(std::move(packet), mac.value_or(MacAddress::broadcast()), ethertype::arp);
}

// RFC 826, "Packet Reception", with its merge flag.
void Link::receive_arp(std::span<const std::byte> frame_payload, Instant now) noexcept {
  const auto message = parse_arp(frame_payload);
  if (!message) return counters_.drop(message.error());
  const bool asks_us = addresses_.is_ours(message->target_ip);
  // Somebody with our address (RFC 5227, 2.4): nothing that a host without configuration protocol
  // could do about it, and nothing to learn.
  if (addresses_.is_ours(message->sender_ip)) return counters_.drop(Drop::bad_source);
  if (!message->sender_ip.is_any()) {
    const bool answers_us = message->operation == ArpOperation::reply && asks_us;
    const NeighborNews news{.mac = message->sender_mac,
                            .solicited = answers_us,
                            .create = asks_us && message->operation == ArpOperation::request};
    if (neighbors_.learn(message->sender_ip, news, now))
      release_waiting(message->sender_ip, message->sender_mac);
  }
  if (message->operation != ArpOperation::request) return;
  if (!asks_us) return counters_.drop(Drop::not_for_us);
  Packet packet = packet_of(emit_arp({.operation = ArpOperation::reply,
                                      .sender_mac = mac_,
                                      .sender_ip = message->target_ip,
                                      .target_mac = message->sender_mac,
                                      .target_ip = message->sender_ip}));
  if (packet) send(std::move(packet), message->sender_mac, ethertype::arp);
}

}  // namespace arrakis::extaris
