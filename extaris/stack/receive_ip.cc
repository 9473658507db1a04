// The part of Receiver that is IP: is it for us, is it whole, whom does it go to.
#include <utility>

#include "extaris/packet/bytes.h"
#include "extaris/packet/headers.h"
#include "extaris/stack/receiver.h"
#include "extaris/wire/load_store.h"

namespace arrakis::extaris {

// Whether the header's checksum has yet to be looked at.
Verify Receiver::network_check(const Packet& packet) const noexcept {
  if (checksum_ == Checksum::unneeded) return Verify::no;
  return checksum_ == Checksum::device && is_vouched_for(network_verdict(packet)) ? Verify::no
                                                                                  : Verify::yes;
}

void Receiver::receive_ipv4(Packet&& packet, bool link_group) noexcept {
  const auto ip = parse_ipv4(bytes(packet), network_check(packet));
  if (!ip) return counters_.drop(ip.error());
  const LocalAddresses& local = link_.addresses();
  if (local.is_bad_source(ip->source)) return counters_.drop(Drop::bad_source);
  const bool ip_group = local.is_broadcast(ip->target) || LocalAddresses::in_group(ip->target);
  if (!ip_group && !local.is_ours(ip->target)) return counters_.drop(Drop::not_for_us);
  Arrival arrival{.packet = std::move(packet),
                  .source = ip->source,
                  .target = ip->target,
                  .protocol = ip->protocol,
                  .hop_limit = ip->time_to_live,
                  .traffic_class = ip->traffic_class,
                  .header_bytes = ip->header_bytes,
                  .to_group = ip_group || link_group,
                  .in_frame = true};
  resize(arrival.packet, ip->header_bytes + ip->payload.size());
  if (ip->is_fragment() && !receive_fragment(arrival, *ip)) return;
  dispatch(std::move(arrival));
}

// False: not whole yet. Otherwise `arrival` is about the whole datagram now.
bool Receiver::receive_fragment(Arrival& arrival, const Ipv4Packet& ip) noexcept {
  // Only the last fragment may end anywhere (RFC 791, 3.2).
  if (ip.payload.empty() || (ip.more_fragments && ip.payload.size() % 8 != 0)) {
    counters_.drop(Drop::bad_length);
    return false;
  }
  arrival.packet = reassembly_.add({.source = arrival.source,
                                    .target = arrival.target,
                                    .identification = ip.identification,
                                    .protocol = ip.protocol,
                                    .hop_limit = ip.time_to_live,
                                    .offset = ip.fragment_offset,
                                    .more = ip.more_fragments,
                                    .payload = ip.payload},
                                   ip_.now());
  if (!arrival.packet) return false;
  arrival.header_bytes = sizeof(Ipv4Header);
  arrival.in_frame = false;
  return true;
}

void Receiver::receive_ipv6(Packet&& packet, bool link_group) noexcept {
  const auto ip = parse_ipv6(bytes(packet));
  if (!ip) return counters_.drop(ip.error());
  const LocalAddresses& local = link_.addresses();
  const bool ip_group = local.in_group(ip->target);
  // The unspecified source is right only for who is looking for duplicates of its own address.
  const bool may_be_probe = ip->source.is_any() && ip->next_header == protocol::icmpv6;
  if (local.is_bad_source(ip->source) && !may_be_probe) return counters_.drop(Drop::bad_source);
  if (!ip_group && !local.is_ours(ip->target)) return counters_.drop(Drop::not_for_us);
  resize(packet, sizeof(Ipv6Header) + ip->payload.size());
  const auto upper = walk_extensions(*ip);
  if (!upper) {
    counters_.drop(upper.error().why);
    return icmp_.parameter_problem(bytes(packet), upper.error(), ip_group || link_group);
  }
  Arrival arrival{
      .packet = std::move(packet),
      .source = ip->source,
      .target = ip->target,
      .protocol = upper->protocol,
      .hop_limit = ip->hop_limit,
      .traffic_class = ip->traffic_class,
      .header_bytes = static_cast<std::uint16_t>(sizeof(Ipv6Header) + upper->chain_bytes),
      .protocol_at = upper->named_at,
      .to_group = ip_group || link_group,
      .in_frame = true};
  if (upper->is_fragment && !receive_fragment(arrival, *ip, *upper)) return;
  dispatch(std::move(arrival));
}

bool Receiver::receive_fragment(Arrival& arrival, const Ipv6Packet& ip,
                                const Ipv6Upper& upper) noexcept {
  // RFC 4861, 6.1 with RFC 6980: neighbor discovery is never cut up, so a cut-up message is not it.
  const auto payload = ip.payload.subspan(upper.chain_bytes);
  if (upper.more_fragments && payload.size() % 8 != 0) {
    counters_.drop(Drop::bad_length);
    constexpr std::uint32_t payload_length_at = offsetof(Ipv6Header, payload_bytes);
    icmp_.parameter_problem(bytes(arrival.packet),
                            {.why = Drop::bad_length, .report = true, .pointer = payload_length_at},
                            arrival.to_group);
    return false;
  }
  if (payload.empty()) {
    counters_.drop(Drop::bad_length);
    return false;
  }
  const bool is_atomic = upper.fragment_offset == 0 && !upper.more_fragments;
  if (!is_atomic) {
    arrival.packet = reassembly_.add({.source = arrival.source,
                                      .target = arrival.target,
                                      .identification = upper.identification,
                                      .protocol = upper.next_header,
                                      .hop_limit = ip.hop_limit,
                                      .offset = upper.fragment_offset,
                                      .more = upper.more_fragments,
                                      .payload = payload},
                                     ip_.now());
    if (!arrival.packet) return false;
  } else {
    // RFC 6946: a datagram of its own; its headers become what they are without the fragment's.
    pull_front(arrival.packet, arrival.header_bytes);
    const Ipv6Header header = emit_ipv6({.source = ip.source,
                                         .target = ip.target,
                                         .next_header = upper.next_header,
                                         .hop_limit = ip.hop_limit,
                                         .payload_bytes = payload.size()});
    store(push_front(arrival.packet, sizeof(header)), header);
  }
  arrival.in_frame = false;
  // What was inside may begin with extension headers of its own, but not be cut up twice.
  const auto whole = parse_ipv6(bytes(arrival.packet));
  if (!whole) return false;
  const auto inner = walk_extensions(*whole);
  if (!inner || inner->is_fragment) {
    counters_.drop(Drop::bad_option);
    return false;
  }
  arrival.protocol = inner->protocol;
  arrival.protocol_at = inner->named_at;
  arrival.header_bytes = static_cast<std::uint16_t>(sizeof(Ipv6Header) + inner->chain_bytes);
  return true;
}

}  // namespace arrakis::extaris
