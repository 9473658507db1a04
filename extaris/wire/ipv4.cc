#include "extaris/wire/ipv4.h"

namespace arrakis::extaris {
namespace {

// RFC 791, 3.1: single-byte options 0 (end) and 1 (no operation); all others carry their length.
bool options_well_formed(std::span<const std::byte> options) {
  std::size_t at = 0;
  while (at < options.size()) {
    const auto kind = static_cast<std::uint8_t>(options[at]);
    if (kind == 0) return true;
    if (kind == 1) {
      ++at;
      continue;
    }
    if (at + 1 >= options.size()) return false;
    const auto length = static_cast<std::uint8_t>(options[at + 1]);
    if (length < 2 || length > options.size() - at) return false;
    at += length;
  }
  return true;
}

}  // namespace

std::expected<Ipv4Packet, Drop> parse_ipv4(std::span<const std::byte> bytes, Verify checksum) {
  ByteReader in{bytes};
  const auto* header = in.take<Ipv4Header>();
  if (header == nullptr) return std::unexpected(Drop::truncated);
  if (header->version_and_words >> 4 != 4) return std::unexpected(Drop::bad_version);
  const std::size_t header_bytes = std::size_t{4} * (header->version_and_words & 0xf);
  if (header_bytes < sizeof(Ipv4Header)) return std::unexpected(Drop::bad_length);
  if (header_bytes > bytes.size()) return std::unexpected(Drop::truncated);
  const std::size_t total = header->total_bytes.host();
  if (total < header_bytes) return std::unexpected(Drop::bad_length);
  if (total > bytes.size()) return std::unexpected(Drop::truncated);
  if (checksum == Verify::yes && !InternetSum{}.add(bytes.first(header_bytes)).intact())
    return std::unexpected(Drop::bad_checksum);
  if (!options_well_formed(bytes.first(header_bytes).subspan(sizeof(Ipv4Header))))
    return std::unexpected(Drop::bad_option);
  const std::uint16_t fragment = header->fragment.host();
  return Ipv4Packet{
      .source = header->source,
      .target = header->target,
      .protocol = header->protocol,
      .traffic_class = header->traffic_class,
      .time_to_live = header->time_to_live,
      .identification = header->identification.host(),
      .header_bytes = static_cast<std::uint16_t>(header_bytes),
      .fragment_offset = static_cast<std::uint16_t>((fragment & ipv4::offset_mask) * 8),
      .more_fragments = (fragment & ipv4::more_fragments) != 0,
      .payload = bytes.first(total).subspan(header_bytes)};
}

}  // namespace arrakis::extaris
