// request.h: a VNIC as it is asked for; what is left open is for the policy to choose.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "control-plane/model/vnic.h"

namespace arrakis::control {

struct AssignRequest {
  std::string app;
  std::string provider;             // empty: open
  std::vector<IpPrefix> addresses;  // at most one an IP family
  Rate rate;                        // not limited: open
  std::vector<Filter> filters;
  std::string device;  // as in VnicSpec; of provider sriov the PF
  std::string wire;
  std::optional<MacAddress> mac;
  std::uint16_t mtu_bytes = 0;  // 0: open
  std::uint16_t queues = 0;     // 0: open
  bool force = false;           // sriov: though the PF carries the machine's own traffic

  friend bool operator==(const AssignRequest&, const AssignRequest&) = default;
};

// Every value by itself, and those that are given against each other.
Outcome<void> validate(const AssignRequest& request);

}  // namespace arrakis::control
