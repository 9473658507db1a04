// vnic.h: a VNIC as the control plane thinks of it, before any kernel object exists.
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

struct Neighbor {
  IpAddress address;
  MacAddress mac;
};

// Complete: the policy has filled in what the request left open.
struct VnicSpec {
  std::string name;  // "vf0", unique on the machine; also what kernel objects are named after
  std::string app;
  std::string provider;  // "xdp", "wire"
  MacAddress mac;
  std::uint16_t mtu_bytes = 1500;
  std::uint16_t queues = 1;
  std::vector<IpPrefix> addresses;  // at most one an IP family
  std::vector<IpAddress> gateways;  // at most one an IP family; on link
  std::vector<Neighbor> neighbors;  // filled in by the provider where it knows them
  Rate rate;
  std::vector<Filter> filters;
  std::string device;  // xdp: share a queue of this netdev; empty: a veth pair of its own
  bool trust_transmit =
      false;         // shared netdev: the policy accepts that nothing polices what leaves
  std::string wire;  // wire: name of the link; two VNICs that name it are its ends
};

// An application's name: [a-z0-9][a-z0-9_-]{0,62}.
Outcome<void> validate_app_name(std::string_view name);

}  // namespace arrakis::control
