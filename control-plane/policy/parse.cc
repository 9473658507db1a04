#include <algorithm>
#include <array>

#include "control-plane/model/quote.h"
#include "control-plane/model/vnic.h"
#include "control-plane/policy/policy.h"
#include "control-plane/policy/suggest.h"
#include "control-plane/policy/table_reader.h"

namespace arrakis::control {
namespace {

constexpr std::array<std::string_view, 3> providers{"xdp", "wire", "sriov"};
constexpr std::array<std::string_view, 5> log_levels{"debug", "info", "warn", "error", "off"};

Outcome<std::string> one_of(std::string_view what, std::span<const std::string_view> known,
                            std::string_view written) {
  if (std::ranges::find(known, written) != known.end()) return std::string{written};
  return fail(Error::Code::usage, "unknown " + std::string{what} + " " + quote(written),
              suggestion(written, known));
}

Outcome<std::string> provider(std::string_view written) {
  return one_of("provider", providers, written);
}

Outcome<IpPrefix> prefix(std::string_view written) {
  if (const auto parsed = IpPrefix::parse(written)) return *parsed;
  return fail(Error::Code::usage, quote(written) + " is no address",
              "write it like \"10.20.0.7\" or \"fd61:7272:6b::7/64\"");
}

Outcome<IpAddress> address(std::string_view written) {
  if (const auto parsed = IpAddress::parse(written)) return *parsed;
  return fail(Error::Code::usage, quote(written) + " is no address",
              "write it like \"10.20.0.1\" or \"fd61:7272:6b::1\"");
}

bool host_bits_are_zero(const IpPrefix& p) {
  const std::size_t whole = p.length + (p.address.is_v4() ? 96u : 0u);
  for (std::size_t bit = whole; bit < 128; ++bit)
    if ((p.address.v6().bytes[bit / 8] & (0x80u >> (bit % 8))) != 0) return false;
  return true;
}

// A pool's network: room for a gateway and at least one VNIC.
Outcome<IpPrefix> network(std::string_view written) {
  const Outcome<IpPrefix> parsed = prefix(written);
  if (!parsed) return parsed;
  if (parsed->length > (parsed->address.is_v4() ? 30 : 126))
    return fail(Error::Code::usage, quote(written) + " has no room for addresses",
                "give a network of at least four, like \"10.20.0.0/24\"");
  if (!host_bits_are_zero(*parsed) || parsed->address.is_multicast())
    return fail(Error::Code::usage, quote(written) + " is an address, not a network",
                "set the bits past the prefix to zero, like \"10.20.0.0/24\"");
  return parsed;
}

Outcome<Principal> principal(std::string_view written) {
  if (written.empty() || written == "@")
    return fail(Error::Code::usage, "a user cannot be empty",
                R"(write a name, "@group" or a numeric uid)");
  return Principal{std::string{written}};
}

bool at_most_one_a_family(std::span<const IpPrefix> prefixes) {
  const auto v4 = std::ranges::count_if(prefixes, [](const auto& p) { return p.address.is_v4(); });
  return v4 <= 1 && std::ssize(prefixes) - v4 <= 1;
}

DaemonSettings read_daemon(const toml::table& table, Complaint& complaint) {
  TableReader in{table, "[daemon]", complaint};
  DaemonSettings daemon;
  daemon.socket = in.text("socket", daemon.socket);
  daemon.state = in.text("state", daemon.state);
  daemon.admins = in.values<Principal>("admins", principal);
  daemon.log = in.value<std::string>("log", daemon.log, [](std::string_view written) {
    return one_of("log level", log_levels, written);
  });
  in.refuse_unknown_keys();
  in.require(daemon.socket.starts_with('/'), "socket", "socket in [daemon] must be a whole path");
  in.require(daemon.state.starts_with('/'), "state", "state in [daemon] must be a whole path");
  return daemon;
}

Outcome<std::string> device(std::string_view written) {
  if (auto valid = validate_device_name(written); !valid) return std::unexpected(valid.error());
  return std::string{written};
}

// The keys of a card. They mean nothing elsewhere, so there they are not even known.
void read_card(TableReader& in, PoolRule& pool) {
  if (pool.provider != "sriov") return;
  pool.physical = in.value<std::string>("pf", "", device);
  pool.functions = in.number("vfs", 1, 256, 0);
  pool.vlan = in.number("vlan", 0, 4094, 0);  // IEEE 802.1Q, 9.6: 4095 is reserved
  pool.managed = in.flag("managed", true);
  pool.unfiltered = in.flag("unfiltered", false);
}

void require_card(TableReader& in, const PoolRule& pool) {
  if (pool.provider != "sriov") return;
  const std::string name = "pool " + quote(pool.name);
  in.require(!pool.physical.empty(), "pf", name + " names no card",
             "add pf = \"0000:3b:00.0\" (see: lspci -D), or its netdev");
  in.require(pool.functions != 0 || !pool.managed, "vfs",
             name + " does not say how many virtual functions its card shall have", "add vfs = 4");
}

PoolRule read_pool(std::string_view name, const toml::table& table, Complaint& complaint) {
  TableReader in{table, "[pool." + std::string{name} + "]", complaint};
  PoolRule pool;
  pool.name = name;
  pool.line = in.line();
  pool.provider = in.value<std::string>("provider", "xdp", provider);
  pool.addresses = in.values<IpPrefix>("addresses", network);
  pool.gateways = in.values<IpAddress>("gateways", address);
  pool.rate = in.value<Rate>("rate", {}, parse_rate);
  pool.mtu_bytes = in.number("mtu", 576, 9000, pool.mtu_bytes);
  read_card(in, pool);
  in.refuse_unknown_keys();  // before what is missing: it may only be misspelt
  require_card(in, pool);
  in.require(!pool.addresses.empty(), "addresses", "pool " + quote(name) + " has no addresses",
             "add addresses = [\"10.20.0.0/24\"]");
  in.require(at_most_one_a_family(pool.addresses), "addresses",
             "a pool has at most one network of each IP family", "make a second pool");
  for (const IpAddress& gateway : pool.gateways)
    in.require(
        std::ranges::any_of(pool.addresses, [&](const IpPrefix& p) { return p.contains(gateway); }),
        "gateways", "gateway " + gateway.to_string() + " is not in the pool's networks");
  in.require(
      pool.mtu_bytes >= 1280 ||
          std::ranges::all_of(pool.addresses, [](const auto& p) { return p.address.is_v4(); }),
      "mtu", "IPv6 needs an mtu of 1280 at least (RFC 8200, section 5)");
  return pool;
}

AppRule read_app(const toml::table& table, Complaint& complaint) {
  TableReader in{table, "[[app]]", complaint};
  AppRule app;
  app.line = in.line();
  app.name =
      in.value<std::string>("name", "", [](std::string_view written) -> Outcome<std::string> {
        if (auto valid = validate_app_name(written); !valid) return std::unexpected(valid.error());
        return std::string{written};
      });
  app.users = in.values<Principal>("users", principal);
  if (in.node("providers") != nullptr)
    app.providers = in.values<std::string>("providers", provider);
  app.pool = in.text("pool", "");
  app.vnics = in.number("vnics", 1, 256, app.vnics);
  app.queues = in.number("queues", 1, 64, app.queues);
  app.addresses = in.values<IpPrefix>("addresses", prefix);
  app.gateways = in.values<IpAddress>("gateways", address);
  app.rate = in.value<Rate>("rate", {}, parse_rate);
  app.filters = in.values<Filter>("filters", parse_filter);
  app.devices = in.texts("devices");
  app.trust_transmit = in.flag("trust_transmit", false);
  app.wires = in.texts("wires");
  in.refuse_unknown_keys();
  in.require(!app.name.empty(), "name", "an [[app]] needs a name", "add name = \"...\"");
  in.require(!app.users.empty(), "users", "app " + quote(app.name) + " has no users",
             R"(add users = ["nobody"]: who may attach)");
  if (const auto valid = validate(app.filters); !valid)
    in.require(false, "filters", valid.error().message, valid.error().remedy);
  in.require(app.devices.empty() || app.trust_transmit, "devices",
             "what an application sends on a shared netdev cannot be bounded",
             "say so with trust_transmit = true, or leave devices out");
  return app;
}

const toml::table* sub_table(const toml::node& node, std::string_view what, Complaint& complaint) {
  if (const toml::table* table = node.as_table()) return table;
  complaint.at(node.source(), std::string{what} + " must be a table");
  return nullptr;
}

void read_pools(const toml::node* node, Policy& policy, Complaint& complaint) {
  if (node == nullptr) return;
  const toml::table* pools = sub_table(*node, "pool", complaint);
  if (pools == nullptr) return;
  for (const auto& [name, value] : *pools)
    if (const toml::table* table = sub_table(value, "pool." + quote(name.str()), complaint))
      policy.pools.push_back(read_pool(name.str(), *table, complaint));
  std::ranges::stable_sort(policy.pools, {}, &PoolRule::line);
}

void read_apps(const toml::node* node, Policy& policy, Complaint& complaint) {
  if (node == nullptr) return;
  const toml::array* apps = node->as_array();
  if (apps == nullptr) {
    complaint.at(node->source(), "app must be a list of tables", "write [[app]] instead of [app]");
    return;
  }
  for (const toml::node& element : *apps) {
    const toml::table* table = sub_table(element, "app", complaint);
    if (table == nullptr) return;
    AppRule app = read_app(*table, complaint);
    if (policy.app(app.name) != nullptr)
      complaint.at(element.source(), "app " + quote(app.name) + " is named twice");
    if (!app.pool.empty() && policy.pool(app.pool) == nullptr)
      complaint.at(element.source(), "app " + quote(app.name) + " names pool " + quote(app.pool) +
                                         ", which does not exist");
    policy.apps.push_back(std::move(app));
  }
}

void refuse_overlapping_pools(const Policy& policy, Complaint& complaint) {
  for (std::size_t i = 0; i < policy.pools.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      for (const IpPrefix& a : policy.pools[i].addresses)
        for (const IpPrefix& b : policy.pools[j].addresses)
          if (a.contains(b.address) || b.contains(a.address))
            complaint.at({{policy.pools[i].line, 1}, {policy.pools[i].line, 1}, nullptr},
                         "pools " + quote(policy.pools[j].name) + " and " +
                             quote(policy.pools[i].name) + " overlap");
}

void refuse_shared_cards(const Policy& policy, Complaint& complaint) {
  for (std::size_t i = 0; i < policy.pools.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (!policy.pools[i].physical.empty() && policy.pools[i].physical == policy.pools[j].physical)
        complaint.at({{policy.pools[i].line, 1}, {policy.pools[i].line, 1}, nullptr},
                     "pools " + quote(policy.pools[j].name) + " and " +
                         quote(policy.pools[i].name) + " share a card",
                     "name each card in one pool");
}

Outcome<Policy> read_policy(const toml::table& root, std::string_view file) {
  Complaint complaint{file};
  Policy policy;
  policy.file = file;
  TableReader in{root, "the file", complaint};
  if (const toml::node* daemon = in.node("daemon"))
    if (const toml::table* table = sub_table(*daemon, "daemon", complaint))
      policy.daemon = read_daemon(*table, complaint);
  read_pools(in.node("pool"), policy, complaint);
  read_apps(in.node("app"), policy, complaint);
  in.refuse_unknown_keys();
  refuse_overlapping_pools(policy, complaint);
  refuse_shared_cards(policy, complaint);
  if (complaint.first()) return std::unexpected(*complaint.first());
  return policy;
}

}  // namespace

Outcome<Policy> parse_policy(std::string_view text, std::string_view file) {
  if (text.size() > policy_bytes_max)
    return fail(Error::Code::usage, std::string{file} + ": larger than a policy may be (1 MiB)");
  try {
    return read_policy(toml::parse(text, file), file);
  } catch (const toml::parse_error& error) {  // toml++ speaks in exceptions; we do not
    Complaint complaint{file};
    complaint.at(error.source(), one_line(error.description()),
                 "see https://toml.io for the syntax");
    return std::unexpected(*complaint.first());
  }
}

}  // namespace arrakis::control
