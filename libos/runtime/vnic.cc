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

Outcome<Vnic> VnicBuilder::build(client::VnicGrant grant) {
  Vnic vnic;
  for (client::QueueGrant& queue : grant.queues) {
    const auto seed = random_seed();
    if (!seed) return std::unexpected(seed.error());
    auto device = runtime::make_device(std::move(queue), grant.info);
    if (!device) return std::unexpected(std::move(device.error()));
    vnic.queues_.push_back(
        QueueBuilder::build(std::move(*device), runtime::stack_config(grant.info, *seed)));
  }
  vnic.name_ = std::move(grant.info.name);
  vnic.provider_ = std::move(grant.info.provider);
  vnic.mac_ = grant.info.mac;
  vnic.mtu_bytes_ = grant.info.mtu_bytes;
  vnic.addresses_ = std::move(grant.info.addresses);
  return vnic;
}

}  // namespace arrakis
