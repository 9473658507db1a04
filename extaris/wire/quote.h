// quote.h: the beginning of a packet inside an ICMP error (RFC 792; RFC 4443, 2.4 (c)): cut short,
// so its length fields promise more than there is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>

#include "base/address.h"
#include "base/seq.h"
#include "extaris/wire/drop.h"

namespace arrakis::extaris {

struct Quote {
  IpAddress source;
  IpAddress target;
  std::uint8_t protocol;
  std::uint16_t packet_bytes;            // of the whole packet, as its header says
  bool is_later_fragment;                // then `transport` is not the start of anything
  std::span<const std::byte> transport;  // as much of it as there is; borrowed
};

std::expected<Quote, Drop> parse_quote(std::span<const std::byte> bytes);

// The ports of the quoted segment; UDP and TCP begin alike.
struct QuotedPorts {
  std::uint16_t source;
  std::uint16_t target;
};
std::expected<QuotedPorts, Drop> quoted_ports(const Quote& quote);

// The sequence number of a quoted TCP segment: it stands right behind the ports, within the eight
// bytes that every error quotes (RFC 792). Of anything else, and of a shorter quote, 0.
Seq quoted_sequence(const Quote& quote);

// RFC 1122, 3.2.2 and RFC 4443, 2.4 (e): no errors about errors.
bool is_icmp_error(const Quote& quote);

}  // namespace arrakis::extaris
