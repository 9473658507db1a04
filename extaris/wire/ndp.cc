#include "extaris/wire/ndp.h"

#include "extaris/wire/ethernet.h"

namespace arrakis::extaris {
namespace {

// The link address in an option of this type. Nothing inside: no such option.
std::expected<std::optional<MacAddress>, Drop> find_link_address(std::span<const std::byte> options,
                                                                 std::uint8_t type) {
  std::optional<MacAddress> found;
  while (!options.empty()) {
    if (options.size() < 2) return std::unexpected(Drop::bad_option);
    const std::size_t bytes = std::size_t{8} * static_cast<std::uint8_t>(options[1]);
    // A length of 0 would loop for ever: RFC 4861, 7.1.1 has the whole message dropped.
    if (bytes == 0 || bytes > options.size()) return std::unexpected(Drop::bad_option);
    if (static_cast<std::uint8_t>(options[0]) == type && bytes == sizeof(NdpLinkAddressOption))
      found = ByteReader{options}.take<NdpLinkAddressOption>()->mac;
    options = options.subspan(bytes);
  }
  return found;
}

std::expected<Ipv6Address, Drop> target_of(const Icmpv6Message& message,
                                           const NdpEnvelope& envelope) {
  if (envelope.hop_limit != ipv6::hop_limit_of_neighbors)
    return std::unexpected(Drop::bad_hop_limit);
  const auto* target = ByteReader{message.body}.take<Ipv6Address>();
  if (target == nullptr) return std::unexpected(Drop::truncated);
  if (message.code != 0 || target->is_multicast()) return std::unexpected(Drop::malformed_ndp);
  return *target;
}

bool is_solicited_node_group(const Ipv6Address& address) {
  constexpr std::uint8_t prefix[13] = {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01, 0xff};
  for (std::size_t i = 0; i < sizeof(prefix); ++i)
    if (address.bytes[i] != prefix[i]) return false;
  return true;
}

}  // namespace

std::expected<NdpSolicitation, Drop> parse_solicitation(const Icmpv6Message& message,
                                                        const NdpEnvelope& envelope) {
  const auto target = target_of(message, envelope);
  if (!target) return std::unexpected(target.error());
  const auto mac =
      find_link_address(message.body.subspan(sizeof(Ipv6Address)), ndp::source_link_address);
  if (!mac) return std::unexpected(mac.error());
  // RFC 4861, 7.1.1: the unspecified address asks, to find duplicates of itself.
  if (envelope.source.is_any() && (mac->has_value() || !is_solicited_node_group(envelope.target)))
    return std::unexpected(Drop::malformed_ndp);
  return NdpSolicitation{*target, *mac};
}

std::expected<NdpAdvertisement, Drop> parse_advertisement(const Icmpv6Message& message,
                                                          const NdpEnvelope& envelope) {
  const auto target = target_of(message, envelope);
  if (!target) return std::unexpected(target.error());
  const auto mac =
      find_link_address(message.body.subspan(sizeof(Ipv6Address)), ndp::target_link_address);
  if (!mac) return std::unexpected(mac.error());
  const bool solicited = (message.parameter & ndp::solicited) != 0;
  if (solicited && envelope.target.is_multicast()) return std::unexpected(Drop::malformed_ndp);
  return NdpAdvertisement{*target, solicited, (message.parameter & ndp::override) != 0, *mac};
}

NdpPacket emit_ndp(const NdpFields& fields) {
  constexpr std::size_t bytes = sizeof(NdpPacket) - sizeof(Ipv6Header);
  NdpPacket packet{
      .ip = emit_ipv6({.source = fields.source,
                       .target = fields.target,
                       .next_header = protocol::icmpv6,
                       .hop_limit = ipv6::hop_limit_of_neighbors,
                       .payload_bytes = bytes}),
      .icmp = {.type = fields.type,
               .code = 0,
               .checksum = be16_t{0},
               .parameter = be32_t{fields.flags}},
      .target = fields.about,
      .option = {.type = fields.type == icmpv6::neighbor_solicitation ? ndp::source_link_address
                                                                      : ndp::target_link_address,
                 .units = 1,
                 .mac = fields.mac}};
  packet.icmp.checksum = pseudo_header(fields.source, fields.target, protocol::icmpv6, bytes)
                             .add_header(packet.icmp)
                             .add(packet.target)
                             .add_header(packet.option)
                             .checksum();
  return packet;
}

}  // namespace arrakis::extaris
