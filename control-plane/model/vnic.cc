#include "control-plane/model/vnic.h"

#include <algorithm>

#include "control-plane/model/quote.h"

namespace arrakis::control {
namespace {

constexpr std::size_t name_bytes_max = 63;
constexpr std::size_t device_name_bytes_max = 15;  // IFNAMSIZ with its NUL

bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

Outcome<void> validate_name(std::string_view kind, std::string_view name) {
  const bool valid =
      !name.empty() && name.size() <= name_bytes_max && is_alphanumeric(name.front()) &&
      std::ranges::all_of(name, [](char c) { return is_alphanumeric(c) || c == '_' || c == '-'; });
  if (valid) return {};
  return fail(Error::Code::usage, "not a name for " + std::string{kind} + ": " + quote(name),
              "use 1 to 63 of a-z, 0-9, _ and -, with a letter or digit first");
}

bool is_broadcast(const IpAddress& address) {
  return address.is_v4() && address.v4().is_broadcast();
}

Outcome<void> validate_unicast(std::string_view kind, const IpAddress& address) {
  if (!address.is_any() && !address.is_multicast() && !is_broadcast(address)) return {};
  return fail(Error::Code::usage,
              std::string{kind} + ' ' + address.to_string() + " is not a unicast address",
              "give an address that one interface can have, as in 10.20.0.2/24");
}

Outcome<void> refuse_second(std::string_view kind, const IpAddress& address) {
  return fail(Error::Code::usage,
              std::string{"more than one IPv"} + (address.is_v4() ? "4 " : "6 ") +
                  std::string{kind} + ": " + address.to_string(),
              "give at most one of each IP family");
}

}  // namespace

Outcome<void> validate_addresses(std::span<const IpPrefix> addresses) {
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const IpAddress& address = addresses[i].address;
    if (const auto valid = validate_unicast("address", address); !valid) return valid;
    for (const IpPrefix& earlier : addresses.first(i))
      if (earlier.address.is_v4() == address.is_v4()) return refuse_second("address", address);
  }
  return {};
}

Outcome<void> validate_gateways(std::span<const IpAddress> gateways) {
  for (std::size_t i = 0; i < gateways.size(); ++i) {
    if (const auto valid = validate_unicast("gateway", gateways[i]); !valid) return valid;
    for (const IpAddress& earlier : gateways.first(i))
      if (earlier.is_v4() == gateways[i].is_v4()) return refuse_second("gateway", gateways[i]);
  }
  return {};
}

Outcome<void> validate_mac(MacAddress mac) {
  if (!mac.is_multicast() && mac != MacAddress{}) return {};
  return fail(Error::Code::usage, mac.to_string() + " is not a unicast MAC address",
              "use a locally administered one, as in 02:00:00:00:00:01");
}

Outcome<void> validate_mtu(std::uint16_t mtu_bytes, std::span<const IpPrefix> addresses) {
  const bool has_v6 =
      std::ranges::any_of(addresses, [](const IpPrefix& p) { return !p.address.is_v4(); });
  const int least = has_v6 ? 1280 : 68;
  if (mtu_bytes >= least) return {};
  return fail(Error::Code::usage,
              "MTU " + std::to_string(mtu_bytes) + " is below " + std::to_string(least) +
                  ", the least for IPv" + (has_v6 ? "6" : "4"),
              "leave the MTU out for 1500");
}

Outcome<void> validate_app_name(std::string_view name) {
  return validate_name("an application", name);
}

Outcome<void> validate_vf_name(std::string_view name) { return validate_name("a VF", name); }

Outcome<void> validate_provider_name(std::string_view name) {
  return validate_name("a provider", name);
}

Outcome<void> validate_wire_name(std::string_view name) { return validate_name("a wire", name); }

bool is_pci_address(std::string_view text) {
  constexpr std::string_view form = "xxxx:xx:xx.x";
  if (text.size() != form.size() || text.back() > '7') return false;
  for (std::size_t i = 0; i < form.size(); ++i) {
    const char c = text[i];
    const bool is_hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (form[i] == 'x' ? !is_hex : c != form[i]) return false;
  }
  return true;
}

Outcome<void> validate_device_name(std::string_view name) {
  if (is_pci_address(name)) return {};
  const bool valid =
      !name.empty() && name.size() <= device_name_bytes_max && name != "." && name != ".." &&
      std::ranges::all_of(name, [](char c) { return c > ' ' && c <= '~' && c != '/' && c != ':'; });
  if (valid) return {};
  return fail(Error::Code::usage, "not a name for a netdev: " + quote(name),
              "see the names that `ip -brief link` shows");
}

}  // namespace arrakis::control
