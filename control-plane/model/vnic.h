// vnic.h: a VNIC as the control plane thinks of it, before any kernel object exists.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/error.h"
#include "control-plane/model/filter.h"
#include "control-plane/model/rate.h"

namespace arrakis::control {

struct Neighbor {
  IpAddress address;
  MacAddress mac;

  friend bool operator==(const Neighbor&, const Neighbor&) = default;
};

// A virtual function (VF) of a network card, and what its physical function (PF) does for it.
struct VirtualFunction {
  std::string physical;     // the PF: its PCI address, or its netdev
  std::uint16_t count = 1;  // of VFs that the PF has when it is ours
  std::uint16_t index = 0;  // this one
  std::uint16_t vlan = 0;   // the PF tags and untags; 0: it does not
  // The policy accepts that a VF sends from any IP address and to any port: a card cannot check.
  bool unfiltered = false;
  bool forced = false;  // though the PF carries the machine's own traffic

  friend bool operator==(const VirtualFunction&, const VirtualFunction&) = default;
};

// Complete: the policy has filled in what the request left open.
struct VnicSpec {
  std::string name;  // "vf0", unique on the machine; also what kernel objects are named after
  std::string app;
  std::string provider;  // "xdp", "wire", "sriov"
  MacAddress mac;
  std::uint16_t mtu_bytes = 1500;
  std::uint16_t queues = 1;
  std::vector<IpPrefix> addresses;  // at most one an IP family
  std::vector<IpAddress> gateways;  // at most one an IP family; on link
  std::vector<Neighbor> neighbors;  // filled in by the provider where it knows them
  Rate rate;
  std::vector<Filter> filters;
  std::string device;  // xdp: share a queue of this netdev; empty: a veth pair of its own
  // xdp on a shared netdev: the policy accepts that nothing polices what the application sends.
  bool trust_transmit = false;
  std::string wire;  // wire: name of the link; two VNICs that name it are its ends
  std::optional<VirtualFunction> function;  // sriov, and only there

  friend bool operator==(const VnicSpec&, const VnicSpec&) = default;
};

// What a VNIC can be at all; what the machine and the policy allow is for others to say.
Outcome<void> validate_addresses(std::span<const IpPrefix> addresses);  // one a family, unicast
Outcome<void> validate_gateways(std::span<const IpAddress> gateways);
Outcome<void> validate_mac(MacAddress mac);  // unicast, not zero
// RFC 791, 3.2: 68; RFC 8200, 5: 1280 where an address is IPv6.
Outcome<void> validate_mtu(std::uint16_t mtu_bytes, std::span<const IpPrefix> addresses);

// An application's name: [a-z0-9][a-z0-9_-]{0,62}.
Outcome<void> validate_app_name(std::string_view name);
// Names of VFs, providers and wires have the same form.
Outcome<void> validate_vf_name(std::string_view name);
Outcome<void> validate_provider_name(std::string_view name);
Outcome<void> validate_wire_name(std::string_view name);
// A netdev's name as the kernel allows it (dev_valid_name), in printable ASCII, or a PCI address.
Outcome<void> validate_device_name(std::string_view name);
// "0000:3b:00.0": domain, bus, device, function (PCI Firmware Specification), in lower case.
bool is_pci_address(std::string_view text);

}  // namespace arrakis::control
