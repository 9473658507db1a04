// The way out: of UdpLayer.
#include <cstring>
#include <utility>

#include "extaris/packet/bytes.h"
#include "extaris/udp/received_headers.h"
#include "extaris/udp/udp_layer.h"
#include "extaris/wire/checksum.h"
#include "extaris/wire/ipv4.h"
#include "extaris/wire/ipv6.h"
#include "extaris/wire/load_store.h"
#include "extaris/wire/protocol.h"
#include "extaris/wire/udp.h"
#include "extaris/wire/udp_frame.h"

namespace arrakis::extaris {
namespace {

constexpr std::size_t packet_bytes_max = 65'535;

std::size_t ip_header_bytes(bool is_v4) { return is_v4 ? sizeof(Ipv4Header) : sizeof(Ipv6Header); }

}  // namespace

struct UdpLayer::Outgoing {
  const Path& path;
  IpAddress source;
  std::uint16_t source_port;
  std::uint16_t target_port;
  bool may_fragment;

  IpFields ip_fields() const {
    return {.source = source, .protocol = protocol::udp, .may_fragment = may_fragment};
  }
  UdpHeader header(std::size_t payload_bytes) const {
    return {.source_port = be16_t{source_port},
            .target_port = be16_t{target_port},
            .length_bytes = be16_t{static_cast<std::uint16_t>(sizeof(UdpHeader) + payload_bytes)},
            .checksum = be16_t{0}};
  }
};

std::size_t UdpLayer::largest_unfragmented(const UdpPort& port) noexcept {
  const IpAddress& decides = port.is_connected ? port.peer.address : port.local;
  const Path* path = port.is_connected ? ip_.path_to(port.peer.address) : nullptr;
  const std::size_t mtu = path != nullptr ? path->mtu_bytes : ip_.link_mtu_bytes();
  return mtu - ip_header_bytes(decides.is_v4()) - sizeof(UdpHeader);
}

Packet UdpLayer::allocate(std::size_t payload_bytes) noexcept {
  Packet packet = link_.pool().allocate();
  if (!packet) {
    counters_.drop(Drop::no_buffer);
    return packet;
  }
  if (payload_bytes > tailroom(packet)) return {};
  resize(packet, payload_bytes);
  remember_headers(packet, {});
  return packet;
}

std::expected<UdpLayer::Outgoing, SendError> UdpLayer::prepare(const UdpPort& port,
                                                               const Endpoint& target) noexcept {
  const Endpoint& to = target.port == 0 && port.is_connected ? port.peer : target;
  if (to.port == 0) return std::unexpected(SendError::not_connected);
  const Path* path = ip_.path_to(to.address);
  // A socket bound to one family speaks that family.
  if (path == nullptr || (port.local != IpAddress{} && port.local.is_v4() != to.address.is_v4())) {
    counters_.drop(Drop::no_route);
    return std::unexpected(SendError::no_route);
  }
  const IpAddress& mine = port.local.is_any() ? path->source : port.local;
  return Outgoing{*path, mine, port.number, to.port, !port.forbids_fragments};
}

be16_t UdpLayer::checksum(const Outgoing& to, std::span<const std::byte> payload) const noexcept {
  const UdpHeader header = to.header(payload.size());
  return udp_checksum(
      pseudo_header(to.source, to.path.target, protocol::udp, sizeof(header) + payload.size())
          .add_header(header)
          .add(payload)
          .checksum());
}

std::expected<void, SendError> UdpLayer::send(const UdpPort& port, Packet&& payload,
                                              const Endpoint& target) noexcept {
  Packet mine{std::move(payload)};
  const auto to = prepare(port, target);
  if (!to) return std::unexpected(to.error());
  return send(*to, std::move(mine));
}

std::expected<void, SendError> UdpLayer::send_copy(const Outgoing& to,
                                                   std::span<const std::byte> payload) noexcept {
  UdpHeader header = to.header(payload.size());
  if (transmit_checksum_ != Checksum::unneeded) header.checksum = checksum(to, payload);
  return ip_.send_copy({std::as_bytes(std::span{&header, 1}), payload}, to.path, to.ip_fields());
}

std::expected<void, SendError> UdpLayer::send(const Outgoing& to, Packet&& payload) noexcept {
  Packet mine{std::move(payload)};
  const std::size_t ip_bytes = ip_header_bytes(to.path.target.is_v4());
  const std::size_t whole = ip_bytes + sizeof(UdpHeader) + size(mine);
  const bool fits = whole <= to.path.mtu_bytes &&
                    headroom(mine) >= sizeof(EthernetHeader) + ip_bytes + sizeof(UdpHeader);
  UdpHeader header = to.header(size(mine));
  if (!fits) return send_copy(to, bytes(mine));
  clear_offloads(mine);
  switch (transmit_checksum_) {
    case Checksum::unneeded: break;
    case Checksum::software: header.checksum = checksum(to, bytes(mine)); break;
    case Checksum::device:
      header.checksum = be16_t::from_raw(
          pseudo_header(to.source, to.path.target, protocol::udp, sizeof(header) + size(mine))
              .folded());
      request_udp_checksum(
          mine, {sizeof(EthernetHeader), static_cast<std::uint8_t>(ip_bytes), sizeof(UdpHeader)});
      break;
  }
  store(push_front(mine, sizeof(header)), header);
  return ip_.send(std::move(mine), to.path, to.ip_fields());
}

std::expected<void, SendError> UdpLayer::send(const UdpPort& port,
                                              std::span<const std::byte> payload,
                                              const Endpoint& target) noexcept {
  const auto to = prepare(port, target);
  if (!to) return std::unexpected(to.error());
  const std::size_t whole =
      ip_header_bytes(to->path.target.is_v4()) + sizeof(UdpHeader) + payload.size();
  if (whole > packet_bytes_max) return std::unexpected(SendError::too_big);
  if (whole > to->path.mtu_bytes) return send_copy(*to, payload);
  Packet packet = link_.pool().allocate();
  if (!packet || tailroom(packet) < payload.size()) {
    counters_.drop(Drop::no_buffer);
    return std::unexpected(SendError::no_buffer);
  }
  resize(packet, payload.size());
  if (!payload.empty()) std::memcpy(bytes(packet).data(), payload.data(), payload.size());
  return send(*to, std::move(packet));
}

namespace {

// It came in one frame, to one of our own addresses, and nobody wrote to the payload: the UDP
// checksum is right with both ends exchanged.
template <class Frame>
constexpr HeaderLengths untouched{sizeof(EthernetHeader), sizeof(Frame::ip), sizeof(UdpHeader)};

}  // namespace

std::expected<void, SendError> UdpLayer::reply(const UdpPort& port, Packet&& payload) noexcept {
  if (remembers(payload, untouched<UdpOverIpv4Frame>))
    return reply_in_place<UdpOverIpv4Frame>(port, std::move(payload));
  if (remembers(payload, untouched<UdpOverIpv6Frame>))
    return reply_in_place<UdpOverIpv6Frame>(port, std::move(payload));
  return reply_anew(port, std::move(payload));
}

template <class Frame>
std::expected<void, SendError> UdpLayer::reply_in_place(const UdpPort& port,
                                                        Packet&& payload) noexcept {
  auto& frame = headers_at<Frame>(in_front(payload, sizeof(Frame)));
  const Path* path = ip_.path_to(frame.ip.source);
  // It came in one frame, and so it fits one, unless the way back is narrower.
  if (path == nullptr || !path->mac_known ||
      sizeof(Frame::ip) + sizeof(UdpHeader) + size(payload) > path->mtu_bytes) [[unlikely]]
    return reply_anew(port, std::move(payload));
  clear_offloads(payload);
  frame.ethernet.target = path->mac;
  frame.ethernet.source = link_.mac();
  turn_round(frame.ip);
  turn_round(frame.udp);
  push_front(payload, sizeof(Frame));
  if (!link_.queue().push(std::move(payload))) [[unlikely]]
    return std::unexpected(SendError::would_block);
  return {};
}

std::expected<void, SendError> UdpLayer::reply_anew(const UdpPort& port,
                                                    Packet&& payload) noexcept {
  Packet mine{std::move(payload)};
  if (headers(mine).network == 0) return std::unexpected(SendError::not_connected);
  const Endpoint peer = source_of(mine);
  const Endpoint us = target_of(mine);
  const Path* path = ip_.path_to(peer.address);
  if (path == nullptr) {
    counters_.drop(Drop::no_route);
    return std::unexpected(SendError::no_route);
  }
  // It may have come to a broadcast address.
  const bool was_ours = link_.addresses().is_ours(us.address);
  return send(
      {*path, was_ours ? us.address : path->source, us.port, peer.port, !port.forbids_fragments},
      std::move(mine));
}

}  // namespace arrakis::extaris
