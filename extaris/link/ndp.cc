// The part of Link that speaks Neighbor Discovery (RFC 4861, 7.2).
#include <utility>

#include "extaris/link/link.h"

namespace arrakis::extaris {

void Link::solicit(const Ipv6Address& address, const std::optional<MacAddress>& mac) noexcept {
  const auto source = addresses_.source_for(address);
  const Ipv6Address target = mac ? address : solicited_node_group(address);
  Packet packet = packet_of(emit_ndp({.type = icmpv6::neighbor_solicitation,
                                      .flags = 0,
                                      .source = *source,
                                      .target = target,
                                      .about = address,
                                      .mac = mac_}));
  if (packet) send(std::move(packet), mac.value_or(multicast_mac(target)), ethertype::ipv6);
}

// RFC 4861, 7.2.3 and 7.2.4
void Link::receive_solicitation(const NdpSolicitation& message, const Ipv6Address& source,
                                Instant now) noexcept {
  if (!addresses_.is_ours(message.target)) return counters_.drop(Drop::not_for_us);
  constexpr Ipv6Address all_nodes{{0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01}};
  if (source.is_any()) {  // somebody tries our address: tell everybody that it is taken
    advertise(message, all_nodes, multicast_mac(all_nodes));
    return;
  }
  if (!message.source_mac) {  // it asks a group without saying where it is: find out as usual
    Packet answer = packet_of(emit_ndp({.type = icmpv6::neighbor_advertisement,
                                        .flags = ndp::solicited | ndp::override,
                                        .source = message.target,
                                        .target = source,
                                        .about = message.target,
                                        .mac = mac_}));
    if (answer) send(std::move(answer), IpAddress{source}, now);
    return;
  }
  if (message.source_mac->is_multicast()) return counters_.drop(Drop::malformed_ndp);
  if (neighbors_.learn(source, {.mac = *message.source_mac, .create = true}, now))
    release_waiting(source, *message.source_mac);
  advertise(message, source, *message.source_mac);
}

void Link::advertise(const NdpSolicitation& question, const Ipv6Address& asker,
                     const MacAddress& asker_mac) noexcept {
  const std::uint32_t solicited = asker.is_multicast() ? 0 : ndp::solicited;
  Packet packet = packet_of(emit_ndp({.type = icmpv6::neighbor_advertisement,
                                      .flags = solicited | ndp::override,
                                      .source = question.target,
                                      .target = asker,
                                      .about = question.target,
                                      .mac = mac_}));
  if (packet) send(std::move(packet), asker_mac, ethertype::ipv6);
}

// RFC 4861, 7.2.5
void Link::receive_advertisement(const NdpAdvertisement& message, Instant now) noexcept {
  if (addresses_.is_ours(message.target)) return counters_.drop(Drop::bad_source);
  if (!message.target_mac) {
    if (message.solicited) neighbors_.confirm(message.target, now);
    return;
  }
  const NeighborNews news{
      .mac = *message.target_mac, .solicited = message.solicited, .override = message.override};
  if (neighbors_.learn(message.target, news, now))
    release_waiting(message.target, *message.target_mac);
}

}  // namespace arrakis::extaris
