#include "libos/runtime/device.h"

#include <utility>

#include "extaris/netdev/memif.h"
#include "extaris/netdev/wire_doorbell.h"
#include "extaris/netdev/xdp_device.h"

namespace arrakis::runtime {
namespace {

using extaris::NetDevice;

Outcome<std::unique_ptr<NetDevice>> make(client::XdpGrant grant, const client::VnicInfo& info) {
  return extaris::XdpDevice::create({.socket = std::move(grant.socket),
                                     .umem = std::move(grant.umem),
                                     .frame_bytes = grant.frame_bytes,
                                     .frame_count = grant.frame_count,
                                     .fill_size = grant.fill_size,
                                     .completion_size = grant.completion_size,
                                     .receive_size = grant.receive_size,
                                     .transmit_size = grant.transmit_size,
                                     .mac = info.mac,
                                     .mtu_bytes = info.mtu_bytes});
}

Outcome<std::unique_ptr<NetDevice>> make(client::WireGrant grant, const client::VnicInfo& info) {
  const bool is_server = grant.role == client::WireGrant::Role::server;
  auto doorbell = extaris::WireDoorbell::attach({.page = std::move(grant.doorbell_page),
                                                 .bell = std::move(grant.bell),
                                                 .end = is_server ? 0u : 1u});
  if (!doorbell) return std::unexpected(std::move(doorbell.error()));
  return extaris::WireDevice::create(
      {.role = is_server ? extaris::WireOptions::Role::server : extaris::WireOptions::Role::client,
       .socket_name = std::move(grant.socket_name),
       .secret = std::move(grant.secret),
       .ring_log2 = grant.ring_log2,
       .buffer_bytes = grant.buffer_bytes,
       .mac = info.mac,
       .mtu_bytes = info.mtu_bytes},
      std::move(*doorbell));
}

}  // namespace

Outcome<std::unique_ptr<NetDevice>> make_device(client::QueueGrant grant,
                                                const client::VnicInfo& info) {
  return std::visit(
      [&]<class Grant>(Grant&& kind) { return make(std::forward<Grant>(kind), info); },
      std::move(grant));
}

}  // namespace arrakis::runtime
