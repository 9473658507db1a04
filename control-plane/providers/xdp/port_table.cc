#include "control-plane/providers/xdp/port_table.h"

#include <fmt/format.h>
#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace arrakis::control::xdp {
namespace {

constexpr std::uint64_t ns_per_second = 1'000'000'000;

// As BPF reads them: 16 bytes in network order, laid over two words.
void copy_words(__u64 (&to)[2], const std::array<std::uint8_t, 16>& from) {
  static_assert(sizeof(to) == 16);
  std::memcpy(to, from.data(), sizeof(to));
}

std::array<std::uint8_t, 16> mask_of(const IpPrefix& prefix) {
  std::array<std::uint8_t, 16> mask{};
  const unsigned bits = prefix.length + (prefix.address.is_v4() ? 96u : 0u);
  for (unsigned bit = 0; bit < bits && bit < 128; ++bit)
    mask[bit / 8] = static_cast<std::uint8_t>(mask[bit / 8] | 0x80u >> bit % 8);
  return mask;
}

ark_rule rule_of(const Filter& filter) {
  ark_rule rule{};
  rule.first = filter.ports.first;
  rule.last = filter.ports.last;
  rule.peer_first = filter.peer_ports.first;
  rule.peer_last = filter.peer_ports.last;
  switch (filter.layer) {
    case Filter::Layer::ip: rule.protocol = 0; break;
    case Filter::Layer::udp: rule.protocol = 17; break;
    case Filter::Layer::tcp: rule.protocol = 6; break;
  }
  if (!filter.peer) return rule;
  const auto mask = mask_of(*filter.peer);
  auto peer = filter.peer->address.v6().bytes;
  for (std::size_t i = 0; i < peer.size(); ++i) peer[i] = peer[i] & mask[i];
  copy_words(rule.peer, peer);
  copy_words(rule.peer_mask, mask);
  return rule;
}

void set_v4(ark_vnic& table, const IpPrefix& prefix) {
  const Ipv4Address address = prefix.address.v4();
  const std::uint32_t host_bits = prefix.length >= 31 ? 0u : 0xffff'ffffu >> prefix.length;
  const auto broadcast = Ipv4Address::from_host(address.host() | host_bits);
  table.has_v4 = 1;
  std::memcpy(&table.v4, address.bytes.data(), 4);
  std::memcpy(&table.v4_broadcast, broadcast.bytes.data(), 4);
}

void set_v6(ark_vnic& table, const Ipv6Address& address) {
  table.has_v6 = 1;
  copy_words(table.v6, address.bytes);
  std::array<std::uint8_t, 16> solicited{0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff};
  std::copy_n(address.bytes.begin() + 13, 3, solicited.begin() + 13);
  copy_words(table.v6_solicited, solicited);
}

// The bucket holds what 20 ms carry: an application that waited for its core for a few scheduler
// ticks keeps what it is owed, and a second never exceeds its rate by more than 2 %. Slow rates
// still let any frame pass.
void set_rate(ark_vnic& table, Rate rate) {
  if (!rate.limited()) return;
  constexpr std::uint64_t least_bits = 16 * 1024 * 8, most_bits = 4 * 1024 * 1024 * 8;
  const std::uint64_t bits = std::clamp(rate.bits_per_second / 50, least_bits, most_bits);
  table.bits_per_second = rate.bits_per_second;
  table.depth = bits * ns_per_second;
  table.fill_ns = table.depth / rate.bits_per_second + 1;
}

ark_vnic table_of(const VnicSpec& spec, Filter::Direction direction) {
  ARK_CHECK(check_table(spec));
  ark_vnic table{};
  std::memcpy(table.name, spec.name.data(), spec.name.size());
  std::memcpy(table.mac, spec.mac.bytes.data(), sizeof(table.mac));
  for (const IpPrefix& prefix : spec.addresses) {
    if (prefix.address.is_v4())
      set_v4(table, prefix);
    else
      set_v6(table, prefix.address.v6());
  }
  for (const Filter& filter : spec.filters)
    if (filter.direction == direction) table.rules[table.rule_count++] = rule_of(filter);
  return table;
}

}  // namespace

Outcome<void> check_table(const VnicSpec& spec) {
  if (spec.name.empty() || spec.name.size() >= sizeof(ark_vnic::name))
    return fail(Error::Code::usage,
                fmt::format("VNIC name '{}': 1 to {} characters", spec.name.substr(0, 40),
                            sizeof(ark_vnic::name) - 1));
  for (const bool v4 : {true, false}) {
    const auto count = std::ranges::count_if(
        spec.addresses, [v4](const IpPrefix& prefix) { return prefix.address.is_v4() == v4; });
    if (count > 1)
      return fail(Error::Code::usage,
                  fmt::format("{}: more than one {} address", spec.name, v4 ? "IPv4" : "IPv6"));
  }
  for (const auto direction : {Filter::Direction::receive, Filter::Direction::transmit}) {
    const auto count = std::ranges::count(spec.filters, direction, &Filter::direction);
    if (count > ARK_RULES_MAX)
      return fail(Error::Code::exhausted,
                  fmt::format("{}: {} filters of one direction, at most {}", spec.name, count,
                              ARK_RULES_MAX),
                  "merge filters into ranges of ports or wider peers");
  }
  return {};
}

ark_vnic guard_table(const VnicSpec& spec) {
  ark_vnic table = table_of(spec, Filter::Direction::transmit);
  set_rate(table, spec.rate);
  return table;
}

ark_vnic recipient_table(const VnicSpec& spec) {
  return table_of(spec, Filter::Direction::receive);
}

}  // namespace arrakis::control::xdp
