#include "tests/packetdrill/wire.h"

#include <cstring>

#include "extaris/packet/bytes.h"
#include "extaris/wire/ethernet.h"
#include "extaris/wire/load_store.h"
#include "extaris/wire/protocol.h"

namespace arrakis::packetdrill {
namespace {

using extaris::EthernetHeader;
namespace ethertype = extaris::ethertype;

constexpr unsigned type_of_v6_packet_at = 40;
constexpr unsigned next_header_at = 6;
// RFC 4861, 4 and RFC 3810, 5.2.14: neighbors and groups.
constexpr unsigned discovery_first = 133, discovery_last = 137, group_report = 143;

unsigned version_of(std::span<const std::byte> packet) {
  return packet.empty() ? 0 : std::to_integer<unsigned>(packet[0]) >> 4;
}

bool is_link_talk(std::span<const std::byte> packet) {
  if (version_of(packet) == 4) return false;
  if (version_of(packet) != 6 || packet.size() <= type_of_v6_packet_at) return true;
  const auto next = std::to_integer<unsigned>(packet[next_header_at]);
  const auto type = std::to_integer<unsigned>(packet[type_of_v6_packet_at]);
  return next == extaris::protocol::icmpv6 &&
         ((type >= discovery_first && type <= discovery_last) || type == group_report);
}

}  // namespace

bool Wire::give(std::span<const std::byte> packet) {
  const unsigned version = version_of(packet);
  if (version != 4 && version != 6) return false;
  extaris::Packet frame = pool_.allocate();
  if (!frame || tailroom(frame) < sizeof(EthernetHeader) + packet.size()) return false;
  resize(frame, sizeof(EthernetHeader) + packet.size());
  extaris::store(bytes(frame).data(),
                 EthernetHeader{host_mac, router_mac,
                                be16_t{version == 4 ? ethertype::ipv4 : ethertype::ipv6}});
  std::memcpy(bytes(frame).data() + sizeof(EthernetHeader), packet.data(), packet.size());
  inbox_.push_back(std::move(frame));
  return true;
}

void Wire::receive(extaris::Burst& burst) noexcept {
  for (; !inbox_.empty() && !burst.full(); inbox_.pop_front())
    burst.append(std::move(inbox_.front()));
}

void Wire::transmit(extaris::Burst& burst) noexcept {
  for (std::size_t i = 0; i < burst.size(); ++i) {
    const extaris::Packet frame = burst.take(i);
    const auto packet = std::span<const std::byte>{bytes(frame)}.subspan(sizeof(EthernetHeader));
    if (is_link_talk(packet)) continue;
    sent_.push_back({now_, {packet.begin(), packet.end()}});
  }
  burst.clear();
}

}  // namespace arrakis::packetdrill
