#include "control-plane/policy/allocate.h"

#include <algorithm>
#include <optional>

#include "base/random.h"
#include "control-plane/model/quote.h"

namespace arrakis::control {
namespace {

IpAddress offset(const IpPrefix& network, std::uint64_t by) {
  if (network.address.is_v4())
    return Ipv4Address::from_host(network.address.v4().host() + static_cast<std::uint32_t>(by));
  Ipv6Address sum = network.address.v6();
  for (std::size_t i = 16; i-- > 0 && by != 0; by >>= 8) {
    by += sum.bytes[i];
    sum.bytes[i] = static_cast<std::uint8_t>(by);
  }
  return sum;
}

// The last offset that a host may have: IPv4's all-ones address is the broadcast.
std::uint64_t last_host(const IpPrefix& network) {
  const unsigned host_bits = (network.address.is_v4() ? 32u : 128u) - network.length;
  const std::uint64_t ones =
      host_bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << host_bits) - 1;
  return network.address.is_v4() ? ones - 1 : ones;
}

std::optional<IpAddress> gateway_of(const PoolRule& pool, const IpPrefix& network) {
  if (pool.provider == "wire") return std::nullopt;
  for (const IpAddress& gateway : pool.gateways)
    if (network.contains(gateway)) return gateway;
  if (!pool.has_gateway()) return std::nullopt;
  return offset(network, 1);
}

const VnicSpec* holder(std::span<const VnicSpec> present, const IpAddress& address) {
  for (const VnicSpec& vnic : present)
    for (const IpPrefix& held : vnic.addresses)
      if (held.address == address) return &vnic;
  return nullptr;
}

bool is_host_of(const IpPrefix& network, const IpAddress& address) {
  return network.contains(address) && address != network.address &&
         !(address.is_v4() && address == offset(network, last_host(network) + 1));
}

Outcome<IpAddress> first_free(const PoolRule& pool, const IpPrefix& network,
                              std::span<const VnicSpec> present) {
  const std::optional<IpAddress> gateway = gateway_of(pool, network);
  // Each VNIC can make at most one candidate fail, and the gateway one more.
  const std::uint64_t tries = std::min<std::uint64_t>(last_host(network), present.size() + 2);
  for (std::uint64_t n = 1; n <= tries; ++n) {
    const IpAddress candidate = offset(network, n);
    if (candidate != gateway && holder(present, candidate) == nullptr) return candidate;
  }
  return fail(Error::Code::exhausted,
              "pool " + quote(pool.name) + " has no free address in " + network.to_string(),
              "release a VNIC, or widen the pool");
}

Outcome<void> check_free(std::span<const VnicSpec> present, const IpAddress& address) {
  const VnicSpec* other = holder(present, address);
  if (other == nullptr) return {};
  return fail(Error::Code::conflict,
              address.to_string() + " belongs to " + other->name + " of app " + quote(other->app),
              "choose another address, or: arrakisctl release-vf " + other->name);
}

const IpPrefix* fixed(const AppRule& app, const IpAddress& address) {
  const auto found = std::ranges::find(app.addresses, address, &IpPrefix::address);
  return found == app.addresses.end() ? nullptr : &*found;
}

const IpPrefix* network_of(const PoolRule* pool, const IpAddress& address) {
  if (pool == nullptr) return nullptr;
  for (const IpPrefix& network : pool->addresses)
    if (network.contains(address)) return &network;
  return nullptr;
}

// The asked-for address is one that the policy gives.
Outcome<void> check_asked(const Rules& rules, const IpAddress& address) {
  const std::string text = address.to_string();
  if (!rules.app.addresses.empty()) {
    if (fixed(rules.app, address) != nullptr) return {};
    return fail(
        Error::Code::denied, text + " is not among the addresses of app " + quote(rules.app.name),
        "add it to addresses at " + rules.policy.file + ":" + std::to_string(rules.app.line));
  }
  const IpPrefix* network = network_of(rules.pool, address);
  if (network == nullptr)
    return fail(Error::Code::denied,
                text + " lies in no pool that app " + quote(rules.app.name) + " may use",
                rules.pool == nullptr ? "add a pool to the policy"
                                      : "take one of " + rules.pool->addresses.front().to_string());
  if (is_host_of(*network, address) && address != gateway_of(*rules.pool, *network)) return {};
  return fail(Error::Code::conflict, text + " is the network's own or the gateway's address",
              "take another one of " + network->to_string());
}

// One of the fixed addresses a family that is free.
Outcome<std::vector<IpAddress>> choose_fixed(const AppRule& app,
                                             std::span<const VnicSpec> present) {
  std::vector<IpAddress> chosen;
  for (const bool v4 : {true, false}) {
    bool has_any = false, has_free = false;
    for (const IpPrefix& own : app.addresses) {
      if (own.address.is_v4() != v4) continue;
      has_any = true;
      if (holder(present, own.address) != nullptr) continue;
      chosen.push_back(own.address);
      has_free = true;
      break;
    }
    if (has_any && !has_free)
      return fail(Error::Code::exhausted, "every address of app " + quote(app.name) + " is in use",
                  "release one of its VNICs, or add an address to its policy");
  }
  return chosen;
}

Outcome<std::vector<IpAddress>> choose(const Rules& rules, std::span<const VnicSpec> present) {
  if (!rules.app.addresses.empty()) return choose_fixed(rules.app, present);
  if (rules.pool == nullptr)
    return fail(Error::Code::unavailable, "the policy has no pool to take an address from",
                "add [pool.default] with addresses = [\"10.20.0.0/24\"] to " + rules.policy.file);
  std::vector<IpAddress> chosen;
  for (const IpPrefix& network : rules.pool->addresses) {
    const Outcome<IpAddress> free = first_free(*rules.pool, network, present);
    if (!free) return std::unexpected(free.error());
    chosen.push_back(*free);
  }
  return chosen;
}

Outcome<void> place_on_link(const Rules& rules, const IpAddress& address, VnicSpec& vnic) {
  const auto whole = static_cast<std::uint8_t>(address.is_v4() ? 32 : 128);
  const IpPrefix* own = fixed(rules.app, address);
  const IpPrefix* network = network_of(rules.pool, address);
  const bool is_wire = vnic.provider == "wire";
  const bool is_on_network = !vnic.device.empty() || vnic.function.has_value();
  if (is_on_network || is_wire) {
    const IpPrefix* source = own != nullptr && own->length != whole ? own : network;
    vnic.addresses.push_back({address, source == nullptr ? whole : source->length});
  } else {
    vnic.addresses.push_back({address, whole});
  }
  if (is_wire) return {};
  for (const IpAddress& gateway : rules.app.gateways) {
    if (gateway.is_v4() != address.is_v4()) continue;
    vnic.gateways.push_back(gateway);
    return {};
  }
  if (const auto gateway = network == nullptr ? std::nullopt : gateway_of(*rules.pool, *network);
      gateway && vnic.device.empty()) {
    vnic.gateways.push_back(*gateway);
    return {};
  }
  if (is_on_network) return {};  // the link's own network may be all it talks to
  if (network == nullptr)
    return fail(Error::Code::denied, address.to_string() + " has no gateway: it lies in no pool",
                "add gateways = [...] to app " + quote(rules.app.name));
  return {};
}

// FNV-1a, as a seed: short, and the same on every machine.
std::uint64_t seed_of(const VnicSpec& vnic) {
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325;
  for (const char c : vnic.app + "/" + vnic.name)
    hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100'0000'01b3;
  return hash;
}

}  // namespace

std::string free_name(std::span<const VnicSpec> present) {
  for (std::size_t n = 0;; ++n) {
    std::string name = "vf" + std::to_string(n);
    if (std::ranges::find(present, name, &VnicSpec::name) == present.end()) return name;
  }
}

Outcome<void> decide_addresses(const Rules& rules, std::span<const VnicSpec> present,
                               const AssignRequest& request, VnicSpec& vnic) {
  std::vector<IpAddress> addresses;
  for (const IpPrefix& asked : request.addresses) {
    if (auto allowed = check_asked(rules, asked.address); !allowed) return allowed;
    addresses.push_back(asked.address);
  }
  if (addresses.empty()) {
    Outcome<std::vector<IpAddress>> chosen = choose(rules, present);
    if (!chosen) return std::unexpected(chosen.error());
    addresses = *std::move(chosen);
  }
  for (const IpAddress& address : addresses) {
    if (auto free = check_free(present, address); !free) return free;
    if (auto placed = place_on_link(rules, address, vnic); !placed) return placed;
  }
  return {};
}

Outcome<void> decide_mac(std::span<const VnicSpec> present, const AssignRequest& request,
                         VnicSpec& vnic) {
  const auto taken_by = [&](const MacAddress& mac) {
    const auto found = std::ranges::find(present, mac, &VnicSpec::mac);
    return found == present.end() ? nullptr : &*found;
  };
  if (request.mac) {
    if (const VnicSpec* other = taken_by(*request.mac))
      return fail(Error::Code::conflict, request.mac->to_string() + " is the MAC of " + other->name,
                  "choose another");
    vnic.mac = *request.mac;
    return {};
  }
  Random random{seed_of(vnic)};
  do {
    std::uint64_t bits = random.next();
    for (std::uint8_t& byte : vnic.mac.bytes) {
      byte = static_cast<std::uint8_t>(bits);
      bits >>= 8;
    }
    vnic.mac.bytes[0] = static_cast<std::uint8_t>((vnic.mac.bytes[0] & 0xfc) | 0x02);
  } while (taken_by(vnic.mac) != nullptr);
  return {};
}

}  // namespace arrakis::control
