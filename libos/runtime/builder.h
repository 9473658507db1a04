// builder.h: makes what the public headers only let a program use.
#pragma once

#include <memory>

#include "arrakis/queue.h"
#include "arrakis/vnic.h"
#include "base/error.h"
#include "extaris/netdev/net_device.h"
#include "extaris/stack/config.h"
#include "libos/client/client.h"
#include "libos/client/grant.h"
#include "libos/runtime/queue_limits.h"
#include "libos/runtime/queue_loop.h"

namespace arrakis {

struct Queue::Parts {
  Parts(std::unique_ptr<extaris::NetDevice> device, const extaris::StackConfig& config,
        client::Window* window)
      : loop{std::move(device), config, window} {}

  runtime::QueueLoop loop;
};

class QueueBuilder {
 public:
  static Queue build(std::unique_ptr<extaris::NetDevice> device, const extaris::StackConfig& config,
                     client::Window* window = nullptr) {
    return Queue{std::make_unique<Queue::Parts>(std::move(device), config, window)};
  }
};

class VnicBuilder {
 public:
  static Outcome<Vnic> build(client::VnicGrant grant, const runtime::QueueLimits& limits,
                             client::Client& client);
};

}  // namespace arrakis
