#include "extaris/ip/icmp_news.h"

#include <optional>

#include "extaris/wire/quote.h"

namespace arrakis::extaris {
namespace {

// RFC 1122, 3.2.2.1 and 4.1.3.3
std::optional<SocketError> meaning(const Icmpv4Message& message) {
  using enum SocketError;
  if (message.type == icmpv4::time_exceeded) return host_unreachable;
  if (message.type != icmpv4::destination_unreachable) return std::nullopt;
  switch (message.code) {
    case icmpv4::port_unreachable:
    case icmpv4::protocol_unreachable: return port_unreachable;
    case icmpv4::fragmentation_needed: return message_too_big;
    case icmpv4::network_prohibited:
    case icmpv4::host_prohibited:
    case icmpv4::administratively_prohibited: return administratively_prohibited;
    case icmpv4::network_unreachable:
    case 6:                               // network unknown
    case 11: return network_unreachable;  // ... for this type of service
    default: return host_unreachable;
  }
}

// RFC 4443, 3
std::optional<SocketError> meaning(const Icmpv6Message& message) {
  using enum SocketError;
  switch (message.type) {
    case icmpv6::packet_too_big: return message_too_big;
    case icmpv6::time_exceeded: return host_unreachable;
    case icmpv6::parameter_problem:
      if (message.code == icmpv6::unknown_next_header) return port_unreachable;
      return std::nullopt;
    case icmpv6::destination_unreachable: break;
    default: return std::nullopt;
  }
  switch (message.code) {
    case icmpv6::no_route: return network_unreachable;
    case icmpv6::administratively_prohibited: return administratively_prohibited;
    case icmpv6::port_unreachable: return port_unreachable;
    default: return host_unreachable;
  }
}

// RFC 1191, 7.1: routers older than that send no MTU; the next plateau below is the guess.
std::uint32_t plateau_below(std::uint32_t packet_bytes) {
  for (const std::uint32_t plateau : {32'000u, 17'914u, 8'166u, 4'352u, 2'002u, 1'492u, 1'006u})
    if (plateau < packet_bytes) return plateau;
  return 508;
}

template <class Message>
std::expected<IcmpNews, Drop> read(const Message& message, std::uint32_t mtu_bytes) {
  const auto what = meaning(message);
  if (!what) return std::unexpected(Drop::unknown_protocol);
  const auto quote = parse_quote(message.body);
  if (!quote) return std::unexpected(Drop::malformed_icmp);
  const auto ports = quoted_ports(*quote);
  if (!ports) return std::unexpected(Drop::malformed_icmp);
  if (*what == SocketError::message_too_big && mtu_bytes == 0)
    mtu_bytes = plateau_below(quote->packet_bytes);
  return IcmpNews{{.what = *what,
                   .protocol = quote->protocol,
                   .local = {quote->source, ports->source},
                   .remote = {quote->target, ports->target}},
                  *what == SocketError::message_too_big ? mtu_bytes : 0,
                  quoted_sequence(*quote)};
}

}  // namespace

std::expected<IcmpNews, Drop> read_error(const Icmpv4Message& message) noexcept {
  return read(message, message.parameter & 0xffff);  // RFC 1191, 4: the low half
}

std::expected<IcmpNews, Drop> read_error(const Icmpv6Message& message) noexcept {
  return read(message, message.parameter);
}

}  // namespace arrakis::extaris
