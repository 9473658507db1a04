#include "control-plane/model/filter.h"

#include <algorithm>
#include <charconv>

#include "control-plane/model/quote.h"

namespace arrakis::control {
namespace {

constexpr std::string_view grammar =
    "write (rx|tx) (ip|udp|tcp) [port N[-M]] [peer CIDR] [peer-port N[-M]], "
    "as in \"rx udp port 7\"";

// Takes the next word, between blanks; empty at the end.
std::string_view take_word(std::string_view& text) {
  constexpr std::string_view blanks = " \t";
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  const std::string_view word = text.substr(0, text.find_first_of(blanks));
  text.remove_prefix(word.size());
  return word;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return port;
}

std::optional<PortRange> parse_ports(std::string_view text) {
  const auto dash = text.find('-');
  const auto first = parse_port(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : parse_port(text.substr(dash + 1));
  if (!first || !last) return std::nullopt;
  return PortRange{*first, *last};
}

std::optional<Filter::Direction> parse_direction(std::string_view word) {
  if (word == "rx") return Filter::Direction::receive;
  if (word == "tx") return Filter::Direction::transmit;
  return std::nullopt;
}

std::optional<Filter::Layer> parse_layer(std::string_view word) {
  if (word == "ip") return Filter::Layer::ip;
  if (word == "udp") return Filter::Layer::udp;
  if (word == "tcp") return Filter::Layer::tcp;
  return std::nullopt;
}

struct Clauses {
  std::optional<PortRange> ports, peer_ports;
  std::optional<IpPrefix> peer;
};

// "port 7": false when the word, its value or its repetition makes no sense.
bool take_clause(Clauses& clauses, std::string_view word, std::string_view value) {
  if (word == "port" && !clauses.ports) return (clauses.ports = parse_ports(value)).has_value();
  if (word == "peer" && !clauses.peer) return (clauses.peer = IpPrefix::parse(value)).has_value();
  if (word == "peer-port" && !clauses.peer_ports)
    return (clauses.peer_ports = parse_ports(value)).has_value();
  return false;
}

bool overlap(const std::optional<IpPrefix>& a, const std::optional<IpPrefix>& b) {
  return !a || !b || a->contains(b->address) || b->contains(a->address);
}

bool covers(const std::optional<IpPrefix>& outer, const std::optional<IpPrefix>& inner) {
  if (!outer) return true;
  return inner && outer->length <= inner->length && outer->contains(inner->address);
}

bool covers(PortRange outer, PortRange inner) {
  return outer.first <= inner.first && inner.last <= outer.last;
}

Outcome<void> check_ports(const Filter& filter, PortRange ports) {
  const auto refuse = [&](std::string_view why, std::string_view remedy) {
    return fail(Error::Code::usage, "filter " + quote(to_string(filter)) + ": " + std::string{why},
                std::string{remedy});
  };
  if (ports.first > ports.last)
    return refuse("the port range runs backwards", "write the lower port first");
  if (ports.last == 0) return refuse("port 0 is no port", "leave the port out to mean any port");
  if (filter.layer == Filter::Layer::ip && !ports.is_any())
    return refuse("layer ip has no ports", "say udp or tcp, or leave the ports out");
  return {};
}

std::string to_string(PortRange ports) {
  const std::string first = std::to_string(ports.first);
  return ports.first == ports.last ? first : first + '-' + std::to_string(ports.last);
}

}  // namespace

bool overlap(const Filter& a, const Filter& b) {
  const bool layers_meet =
      a.layer == b.layer || a.layer == Filter::Layer::ip || b.layer == Filter::Layer::ip;
  return a.direction == b.direction && layers_meet && overlap(a.peer, b.peer) &&
         a.ports.overlaps(b.ports) && a.peer_ports.overlaps(b.peer_ports);
}

bool covers(const Filter& outer, const Filter& inner) {
  const bool layer_within = outer.layer == inner.layer || outer.layer == Filter::Layer::ip;
  return outer.direction == inner.direction && layer_within && covers(outer.peer, inner.peer) &&
         covers(outer.ports, inner.ports) && covers(outer.peer_ports, inner.peer_ports);
}

IpPrefix network_of(IpPrefix prefix) {
  Ipv6Address bytes = prefix.address.v6();
  unsigned kept = prefix.length + (prefix.address.is_v4() ? 96u : 0u);
  for (auto& byte : bytes.bytes) {
    const unsigned take = std::min(kept, 8u);
    byte = static_cast<std::uint8_t>(byte & (0xff00u >> take));
    kept -= take;
  }
  return {bytes, prefix.length};
}

Outcome<Filter> parse_filter(std::string_view text) {
  const auto refuse = [&] {
    return fail(Error::Code::usage, "not a filter: " + quote(text), std::string{grammar});
  };
  std::string_view rest = text;
  const auto direction = parse_direction(take_word(rest));
  const auto layer = parse_layer(take_word(rest));
  if (!direction || !layer) return refuse();
  Clauses clauses;
  for (auto word = take_word(rest); !word.empty(); word = take_word(rest))
    if (!take_clause(clauses, word, take_word(rest))) return refuse();

  Filter filter{*direction, *layer, clauses.peer, clauses.ports.value_or(PortRange{}),
                clauses.peer_ports.value_or(PortRange{})};
  if (filter.peer) filter.peer = network_of(*filter.peer);
  if (const auto valid = validate(filter); !valid) return std::unexpected(valid.error());
  return filter;
}

std::string to_string(const Filter& filter) {
  std::string text = filter.direction == Filter::Direction::receive ? "rx" : "tx";
  switch (filter.layer) {
    case Filter::Layer::ip: text += " ip"; break;
    case Filter::Layer::udp: text += " udp"; break;
    case Filter::Layer::tcp: text += " tcp"; break;
  }
  if (!filter.ports.is_any()) text += " port " + to_string(filter.ports);
  if (filter.peer) text += " peer " + filter.peer->to_string();
  if (!filter.peer_ports.is_any()) text += " peer-port " + to_string(filter.peer_ports);
  return text;
}

Outcome<void> validate(const Filter& filter) {
  if (const auto ours = check_ports(filter, filter.ports); !ours) return ours;
  return check_ports(filter, filter.peer_ports);
}

Outcome<void> validate(std::span<const Filter> filters) {
  if (filters.size() > filters_max)
    return fail(Error::Code::exhausted,
                std::to_string(filters.size()) + " filters on one VNIC, at most " +
                    std::to_string(filters_max) + " are possible",
                "join neighbouring ports into a range, or peers into a prefix");
  for (std::size_t i = 0; i < filters.size(); ++i) {
    if (const auto valid = validate(filters[i]); !valid) return valid;
    for (const Filter& earlier : filters.first(i))
      if (overlap(earlier, filters[i]))
        return fail(Error::Code::conflict,
                    "filters overlap: " + quote(to_string(earlier)) + " and " +
                        quote(to_string(filters[i])),
                    "filters have no priorities: make them disjoint, or use the wider one alone");
  }
  return {};
}

}  // namespace arrakis::control
