// device.h: the devices that a grant describes.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/error.h"
#include "extaris/netdev/ethdev.h"
#include "extaris/netdev/net_device.h"
#include "libos/client/grant.h"

namespace arrakis::runtime {

struct Devices {
  std::unique_ptr<extaris::EthPort>
      port;  // of the queues, and outlives them; nullptr: there is none
  std::vector<std::unique_ptr<extaris::NetDevice>> queues;
};

// Takes the grant's descriptors. `packets`: of each queue, where it is ours to say.
// REQUIRES: start_eal() succeeded.
Outcome<Devices> make_devices(client::VnicGrant& grant, std::uint32_t packets);

}  // namespace arrakis::runtime
