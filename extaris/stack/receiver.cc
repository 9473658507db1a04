#include "extaris/stack/receiver.h"

#include <utility>

#include "extaris/packet/bytes.h"
#include "extaris/packet/headers.h"
#include "extaris/stack/fast_path.h"

namespace arrakis::extaris {

void Receiver::receive(Packet&& frame, Instant now) noexcept {
  if (!deliver_plain_v4(frame)) receive_slowly(std::move(frame), now);
}

bool Receiver::deliver_plain_v4(Packet& packet) noexcept {
  const auto* frame = ByteReader{bytes(packet)}.take<UdpOverIpv4Frame>();
  if (frame == nullptr || frame->ethernet.type != be16_t{ethertype::ipv4} ||
      frame->ethernet.target != link_.mac() ||
      !is_plain_datagram(*frame, size(packet), link_.addresses()))
    return false;
  UdpPort* port = udp_.find_by_port(frame->udp.target_port.host());
  if (port == nullptr) return false;
  resize(packet, sizeof(EthernetHeader) + frame->ip.total_bytes.host());
  pull_front(packet, sizeof(UdpOverIpv4Frame));
  remember_headers(packet, {sizeof(EthernetHeader), sizeof(Ipv4Header), sizeof(UdpHeader)});
  udp_.deliver(*port, std::move(packet));
  return true;
}

void Receiver::receive_slowly(Packet&& packet, Instant now) noexcept {
  const Packet mine{std::move(packet)};
  const auto frame = parse_ethernet(bytes(mine));
  if (!frame) return counters_.drop(frame.error());
  if (!link_.is_for_us(frame->target)) return counters_.drop(Drop::not_for_us);
  if (frame->type == ethertype::arp) return link_.receive_arp(frame->payload, now);
  counters_.drop(Drop::unknown_ethertype);
}

}  // namespace arrakis::extaris
