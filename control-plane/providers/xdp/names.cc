#include "control-plane/providers/xdp/names.h"

#include <net/if.h>

#include <fmt/format.h>

namespace arrakis::control::xdp {
namespace {

constexpr std::string_view prefix = "ark-", alias_prefix = "arrakis ";

// FNV-1a (draft-eastlake-fnv): short, stable over restarts; a collision is a name in use.
std::uint32_t hash(std::string_view text) {
  std::uint32_t value = 0x811c'9dc5;
  for (const char c : text) value = (value ^ static_cast<std::uint8_t>(c)) * 0x0100'0193;
  return value;
}

}  // namespace

std::string host_end(const VnicSpec& spec) {
  const bool fits = prefix.size() + spec.name.size() + 1 < IFNAMSIZ;
  return std::string{prefix} + (fits ? spec.name : fmt::format("{:08x}", hash(spec.name)));
}

std::string app_end(const VnicSpec& spec) { return host_end(spec) + "a"; }

std::string receiving_end(const VnicSpec& spec) {
  return spec.device.empty() ? app_end(spec) : spec.device;
}

std::string alias_of(std::string_view vnic) { return std::string{alias_prefix}.append(vnic); }

bool is_ours(const Link& link) {
  // The alias is set after the pair was made: a daemon that died between leaves a name alone.
  const bool marked = link.alias.empty() || link.alias.starts_with(alias_prefix);
  return link.kind == "veth" && link.name.starts_with(prefix) && marked;
}

}  // namespace arrakis::control::xdp
