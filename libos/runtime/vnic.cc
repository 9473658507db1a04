#include "arrakis/vnic.h"

#include <sys/random.h>

#include <utility>

#include "libos/runtime/builder.h"
#include "libos/runtime/device.h"
#include "libos/runtime/stack_config.h"

namespace arrakis {
namespace {

Outcome<std::uint64_t> random_seed() {
  std::uint64_t seed = 0;
  if (::getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
    return fail(Error::Code::unavailable, "the kernel gives no random numbers");
  return seed;
}

}  // namespace

struct Vnic::Port {
  std::unique_ptr<extaris::EthPort> port;
};

Vnic::Vnic() = default;
Vnic::Vnic(Vnic&&) noexcept = default;
Vnic& Vnic::operator=(Vnic&& other) noexcept {
  queues_ = std::move(other.queues_);  // before the port that ours are of
  port_ = std::move(other.port_);
  name_ = std::move(other.name_);
  provider_ = std::move(other.provider_);
  mac_ = other.mac_;
  mtu_bytes_ = other.mtu_bytes_;
  addresses_ = std::move(other.addresses_);
  return *this;
}
Vnic::~Vnic() = default;

Outcome<Vnic> VnicBuilder::build(client::VnicGrant grant, const runtime::QueueLimits& limits,
                                 client::Client& client) {
  Vnic vnic;
  auto devices = runtime::make_devices(grant, limits.packets);
  if (!devices) return std::unexpected(std::move(devices.error()));
  vnic.port_ = std::make_unique<Vnic::Port>(std::move(devices->port));
  for (auto& device : devices->queues) {
    const auto seed = random_seed();
    if (!seed) return std::unexpected(seed.error());
    extaris::StackConfig config = runtime::stack_config(grant.info, *seed);
    config.tcp.connections_max = limits.connections;
    vnic.queues_.push_back(QueueBuilder::build(
        std::move(device), config, client.window(grant.info.name, vnic.queues_.size())));
  }
  vnic.name_ = std::move(grant.info.name);
  vnic.provider_ = std::move(grant.info.provider);
  vnic.mac_ = grant.info.mac;
  vnic.mtu_bytes_ = grant.info.mtu_bytes;
  vnic.addresses_ = std::move(grant.info.addresses);
  return vnic;
}

}  // namespace arrakis
