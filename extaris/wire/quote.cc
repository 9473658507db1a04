#include "extaris/wire/quote.h"

#include "base/byte_reader.h"
#include "extaris/wire/icmpv4.h"
#include "extaris/wire/icmpv6.h"
#include "extaris/wire/ipv4.h"
#include "extaris/wire/ipv6.h"
#include "extaris/wire/protocol.h"

namespace arrakis::extaris {
namespace {

struct Ports {
  be16_t source;
  be16_t target;
};
static_assert(WireFormat<Ports> && sizeof(Ports) == 4);

std::expected<Quote, Drop> parse_ipv4_quote(std::span<const std::byte> bytes) {
  ByteReader in{bytes};
  const auto* header = in.take<Ipv4Header>();
  if (header == nullptr) return std::unexpected(Drop::truncated);
  const std::size_t header_bytes = std::size_t{4} * (header->version_and_words & 0xf);
  if (header_bytes < sizeof(Ipv4Header)) return std::unexpected(Drop::bad_length);
  if (!in.skip(header_bytes - sizeof(Ipv4Header))) return std::unexpected(Drop::truncated);
  return Quote{.source = header->source,
               .target = header->target,
               .protocol = header->protocol,
               .packet_bytes = header->total_bytes.host(),
               .is_later_fragment = (header->fragment.host() & ipv4::offset_mask) != 0,
               .transport = in.rest()};
}

std::expected<Quote, Drop> parse_ipv6_quote(std::span<const std::byte> bytes) {
  ByteReader in{bytes};
  const auto* header = in.take<Ipv6Header>();
  if (header == nullptr) return std::unexpected(Drop::truncated);
  const auto upper = walk_extensions({header->source, header->target, header->next_header,
                                      header->hop_limit, traffic_class_of(*header), in.rest()});
  if (!upper) return std::unexpected(upper.error().why);
  const std::size_t packet_bytes = sizeof(Ipv6Header) + header->payload_bytes.host();
  return Quote{.source = header->source,
               .target = header->target,
               .protocol = upper->is_fragment ? upper->next_header : upper->protocol,
               .packet_bytes = static_cast<std::uint16_t>(
                   packet_bytes > ipv4::packet_bytes_max ? ipv4::packet_bytes_max : packet_bytes),
               .is_later_fragment = upper->fragment_offset != 0,
               .transport = in.rest().subspan(upper->chain_bytes)};
}

}  // namespace

std::expected<Quote, Drop> parse_quote(std::span<const std::byte> bytes) {
  if (bytes.empty()) return std::unexpected(Drop::truncated);
  switch (static_cast<std::uint8_t>(bytes[0]) >> 4) {
    case 4: return parse_ipv4_quote(bytes);
    case 6: return parse_ipv6_quote(bytes);
    default: return std::unexpected(Drop::bad_version);
  }
}

std::expected<QuotedPorts, Drop> quoted_ports(const Quote& quote) {
  const auto* ports = ByteReader{quote.transport}.take<Ports>();
  if (ports == nullptr || quote.is_later_fragment) return std::unexpected(Drop::truncated);
  return QuotedPorts{ports->source.host(), ports->target.host()};
}

Seq quoted_sequence(const Quote& quote) {
  ByteReader in{quote.transport};
  if (quote.protocol != protocol::tcp || quote.is_later_fragment || !in.skip(sizeof(Ports)))
    return Seq{};
  const auto* sequence = in.take<be32_t>();
  return sequence != nullptr ? Seq{sequence->host()} : Seq{};
}

bool is_icmp_error(const Quote& quote) {
  if (quote.is_later_fragment) return false;
  const bool v4 = quote.protocol == protocol::icmpv4;
  if (!v4 && quote.protocol != protocol::icmpv6) return false;
  if (quote.transport.empty()) return true;  // cannot tell: keep quiet
  const auto type = static_cast<std::uint8_t>(quote.transport[0]);
  return v4 ? Icmpv4Message{.type = type}.is_error() : Icmpv6Message{.type = type}.is_error();
}

}  // namespace arrakis::extaris
