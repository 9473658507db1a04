// policy.h: who may have what, as the administrator wrote it (arrakisd.toml). Default: nobody,
// nothing.
//
// Lifetime: a value. Pure: nothing here asks the machine, so every rule is a line in a test's
// table. Errors:   parse_policy says file, line and column, and what was probably meant.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/error.h"
#include "control-plane/model/filter.h"
#include "control-plane/model/rate.h"

namespace arrakis::control {

// Who asks, as the kernel says (SO_PEERCRED); the names are looked up by the daemon.
struct Subject {
  std::uint32_t uid = 0;
  std::string user;  // empty: the uid has no name
  std::vector<std::string> groups;
};

// "nobody", "@group" or a uid.
struct Principal {
  std::string text;

  bool matches(const Subject& subject) const;
};

struct DaemonSettings {
  std::string socket = "/run/arrakis/arrakisd.sock";
  std::string state = "/var/lib/arrakis";  // directory
  std::vector<Principal> admins;           // uid 0 always is one
  std::string log = "info";
};

// Where addresses come from, for one kind of VNIC.
struct PoolRule {
  std::string name;
  std::string provider;
  std::vector<IpPrefix> addresses;  // networks, at most one a family
  std::vector<IpAddress> gateways;  // empty: the first host of each network
  Rate rate;                        // cap of every VNIC of the pool
  std::uint16_t mtu_bytes = 1500;
  // sriov: the card, and what it does for each of its virtual functions.
  std::string physical;  // PCI address or netdev
  std::uint16_t functions = 0;
  std::uint16_t vlan = 0;
  bool managed = true;      // false: the card is left alone
  bool unfiltered = false;  // as in VirtualFunction
  std::uint32_t line = 0;   // in the file, for messages

  // Without being told: on a veth pair the host is the next hop. Two applications on a wire talk
  // directly, and what is on the network of a card only the administrator knows.
  bool has_gateway() const { return provider == "xdp"; }
};

struct AppRule {
  std::string name;
  std::vector<Principal> users;
  std::vector<std::string> providers = {"xdp"};
  std::string pool;                 // empty: the first pool of the provider
  std::uint16_t vnics = 1;          // at most
  std::uint16_t queues = 1;         // of a VNIC, at most
  std::vector<IpPrefix> addresses;  // fixed; empty: any free one of the pool
  std::vector<IpAddress> gateways;  // for fixed addresses outside of every pool
  Rate rate;
  std::vector<Filter> filters;       // authority: everything the application may ask lies within
  std::vector<std::string> devices;  // netdevs whose queue it may share with the kernel
  bool trust_transmit = false;       // nothing bounds what it sends on such a device
  std::vector<std::string> wires;
  std::uint32_t line = 0;
};

struct Policy {
  std::string file;  // for messages
  DaemonSettings daemon;
  std::vector<PoolRule> pools;  // in the order of the file
  std::vector<AppRule> apps;

  const AppRule* app(std::string_view name) const;
  const PoolRule* pool(std::string_view name) const;
};

inline constexpr std::size_t policy_bytes_max = 1 << 20;

Outcome<Policy> parse_policy(std::string_view text, std::string_view file);

}  // namespace arrakis::control
