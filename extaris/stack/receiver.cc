// The fast path, what is common to both families, and the transports. IP itself: receive_ip.cc.
#include "extaris/stack/receiver.h"

#include <cstring>
#include <utility>

#include "extaris/packet/bytes.h"
#include "extaris/packet/headers.h"
#include "extaris/stack/plain_sums.h"
#include "extaris/wire/quote.h"

namespace arrakis::extaris {

Receiver::Receiver(const DeviceInfo& device, const Layers& layers, Counters& counters)
    : checksum_{device.receive_checksum},
      keeps_checksums_{device.receive_checksum != Checksum::unneeded ||
                       device.transmit_checksum == Checksum::unneeded},
      link_{layers.link},
      ip_{layers.ip},
      icmp_{layers.icmp},
      reassembly_{layers.reassembly},
      udp_{layers.udp},
      tcp_{layers.tcp},
      counters_{counters} {}

void Receiver::receive(Packet&& frame) noexcept {
  const std::span<const std::byte> whole = bytes(frame);
  if (const auto* v4 = ByteReader{whole}.take<UdpOverIpv4Frame>();
      v4 != nullptr && v4->ethernet.type == be16_t{ethertype::ipv4}) {
    if (deliver_plain(frame, *v4)) [[likely]]
      return;
  } else if (const auto* v6 = ByteReader{whole}.take<UdpOverIpv6Frame>();
             v6 != nullptr && v6->ethernet.type == be16_t{ethertype::ipv6}) {
    if (deliver_plain(frame, *v6)) return;
  }
  receive_slowly(std::move(frame));
}

// True: done. False: nothing has been touched yet.
template <class Frame>
bool Receiver::deliver_plain(Packet& packet, const Frame& frame) noexcept {
  if (frame.ethernet.target != link_.mac() || !is_plain_datagram(frame, size(packet)) ||
      !has_good_addresses(frame.ip))
    return false;
  UdpPort* port = udp_.find_by_port(frame.udp.target_port.host());
  if (port == nullptr || !has_good_checksums(packet, frame)) return false;
  show(packet, sizeof(Frame), payload_bytes(frame.ip) - sizeof(UdpHeader));
  const std::uint8_t transport = keeps_checksums_ ? sizeof(UdpHeader) : 0;
  remember_headers(packet, {sizeof(EthernetHeader), sizeof(Frame::ip), transport});
  udp_.deliver(*port, std::move(packet));
  return true;
}

template <class IpHeader>
bool Receiver::has_good_addresses(const IpHeader& ip) noexcept {
  auto& last = last_good<decltype(ip.source)>();
  const AddressPair pair{ip.source, ip.target};
  if (last == pair) [[likely]]
    return true;
  const LocalAddresses& local = link_.addresses();
  if (!local.is_ours(ip.target) || local.is_bad_source(ip.source)) return false;
  last = pair;
  return true;
}

template <class Frame>
bool Receiver::has_good_checksums(const Packet& packet, const Frame& frame) const noexcept {
  if (checksum_ == Checksum::unneeded) return true;
  return has_good_sums(packet, frame, frame.udp, checksum_ == Checksum::device);
}

void Receiver::receive_slowly(Packet&& packet) noexcept {
  Packet mine{std::move(packet)};
  const auto frame = parse_ethernet(bytes(mine));
  if (!frame) return counters_.drop(frame.error());
  if (!link_.is_for_us(frame->target)) return counters_.drop(Drop::not_for_us);
  const bool to_group = frame->target.is_multicast();
  switch (frame->type) {
    case ethertype::arp: return link_.receive_arp(frame->payload, ip_.now());
    case ethertype::ipv4:
      pull_front(mine, sizeof(EthernetHeader));
      return receive_ipv4(std::move(mine), to_group);
    case ethertype::ipv6:
      pull_front(mine, sizeof(EthernetHeader));
      return receive_ipv6(std::move(mine), to_group);
    default: return counters_.drop(Drop::unknown_ethertype);
  }
}

// The one place where protocols are told apart, beside report().
void Receiver::dispatch(Arrival&& arrival) noexcept {
  const bool is_v4 = arrival.source.is_v4();
  std::optional<IcmpNews> news;
  if (arrival.protocol == protocol::udp) return receive_udp(std::move(arrival));
  if (arrival.protocol == protocol::tcp) return receive_tcp(std::move(arrival));
  if (arrival.protocol == protocol::icmpv4 && is_v4) {
    news = icmp_.receive_v4(std::move(arrival));
  } else if (arrival.protocol == protocol::icmpv6 && !is_v4) {
    news = icmp_.receive_v6(std::move(arrival));
  } else {
    counters_.drop(Drop::unknown_protocol);
    if (arrival.protocol != protocol::no_next_header) icmp_.unknown_protocol(arrival);
  }
  if (news) report(*news);
}

void Receiver::report(const IcmpNews& news) noexcept {
  bool known = false;
  switch (news.error.protocol) {
    case protocol::udp: known = udp_.report(news.error); break;
    case protocol::tcp: known = tcp_.report(news.error, news.sequence); break;
    default: break;
  }
  // A quote of something that nobody here sent is a forgery, or too late to matter (RFC 5927).
  if (!known) return counters_.drop(Drop::no_socket);
  if (news.mtu_bytes != 0 &&
      ip_.path_mtu().lower(news.error.remote.address, news.mtu_bytes, ip_.now())) {
    ip_.forget_path();
    tcp_.forget_paths();
  }
}

void Receiver::report_unreachable(const Packet& ip_packet) noexcept {
  const auto quote = parse_quote(bytes(ip_packet));
  if (!quote) return;
  const auto ports = quoted_ports(*quote);
  if (!ports) return;
  report({.error = {.what = SocketError::host_unreachable,
                    .protocol = quote->protocol,
                    .local = {quote->source, ports->source},
                    .remote = {quote->target, ports->target}},
          .sequence = quoted_sequence(*quote)});
}

bool Receiver::sum_is_bad(const Arrival& arrival, std::size_t segment_bytes,
                          bool is_summed) const noexcept {
  if (checksum_ == Checksum::unneeded) return false;
  if (checksum_ == Checksum::device && is_vouched_for(transport_verdict(arrival.packet)))
    return false;
  // RFC 768: not computed. RFC 8200, 8.1: not allowed.
  if (!is_summed) return !arrival.source.is_v4();
  return !pseudo_header(arrival.source, arrival.target, arrival.protocol, segment_bytes)
              .add(arrival.segment().first(segment_bytes))
              .intact();
}

void Receiver::receive_udp(Arrival&& arrival) noexcept {
  Arrival mine{std::move(arrival)};
  const auto udp = parse_udp(mine.segment());
  if (!udp) return counters_.drop(udp.error());
  const std::size_t udp_bytes = sizeof(UdpHeader) + udp->payload.size();
  const bool is_summed = udp->checksum != be16_t{0};
  if (sum_is_bad(mine, udp_bytes, is_summed)) return counters_.drop(Drop::bad_checksum);
  UdpPort* port = udp_.find({mine.target, udp->target_port}, {mine.source, udp->source_port});
  if (port == nullptr) {
    counters_.drop(Drop::no_socket);
    return icmp_.port_unreachable(mine);
  }
  const std::uint8_t network = mine.source.is_v4() ? sizeof(Ipv4Header) : sizeof(Ipv6Header);
  const bool is_plain = mine.header_bytes == network;
  std::byte* front = bytes(mine.packet).data();
  // Options and extension headers have served: datagrams know only the fixed header in front.
  if (!is_plain) std::memmove(front + mine.header_bytes - network, front, network);
  resize(mine.packet, mine.header_bytes + udp_bytes);
  pull_front(mine.packet, mine.header_bytes + sizeof(UdpHeader));
  const bool written = transport_verdict(mine.packet) != Verdict::not_written;
  const bool turns_in_place = mine.in_frame && is_plain && !mine.to_group;
  remember_headers(mine.packet,
                   {.link = turns_in_place ? std::uint8_t{sizeof(EthernetHeader)} : std::uint8_t{0},
                    .network = network,
                    .transport = keeps_checksums_ && written ? std::uint8_t{sizeof(UdpHeader)}
                                                             : std::uint8_t{0}});
  udp_.deliver(*port, std::move(mine.packet));
}

}  // namespace arrakis::extaris
