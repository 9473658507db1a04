#include "libos/runtime/device.h"

#include <utility>

#include "extaris/link/local_addresses.h"
#include "extaris/netdev/memif.h"
#include "extaris/netdev/wire_doorbell.h"
#include "extaris/netdev/xdp_device.h"
#include "extaris/wire/ethernet.h"

namespace arrakis::runtime {
namespace {

using extaris::NetDevice;

struct Wanted {
  std::uint16_t queues;   // of the VNIC
  std::uint32_t packets;  // of each
};

Outcome<std::unique_ptr<NetDevice>> make(client::XdpGrant grant, const client::VnicInfo& info,
                                         const Wanted& wanted) {
  return extaris::XdpDevice::create({.socket = std::move(grant.socket),
                                     .umem = std::move(grant.umem),
                                     .frame_bytes = grant.frame_bytes,
                                     .frame_count = grant.frame_count,
                                     .fill_size = grant.fill_size,
                                     .completion_size = grant.completion_size,
                                     .receive_size = grant.receive_size,
                                     .transmit_size = grant.transmit_size,
                                     .mac = info.mac,
                                     .mtu_bytes = info.mtu_bytes,
                                     .queues = wanted.queues});
}

Outcome<std::unique_ptr<NetDevice>> make(client::WireGrant grant, const client::VnicInfo& info,
                                         const Wanted& wanted) {
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
       .mtu_bytes = info.mtu_bytes,
       .packets = wanted.packets},
      std::move(*doorbell));
}

// What a card must let through for IPv6: neighbours ask by multicast (RFC 4861, 4.3).
std::vector<MacAddress> multicast_groups(const client::VnicInfo& info) {
  std::vector<MacAddress> groups;
  const auto listen = [&](const Ipv6Address& group) {
    groups.push_back(extaris::multicast_mac(group));
  };
  for (const IpPrefix& prefix : info.addresses)
    if (!prefix.address.is_v4()) listen(extaris::solicited_node_group(prefix.address.v6()));
  if (groups.empty()) return groups;
  listen(extaris::solicited_node_group(extaris::link_local_address(info.mac)));
  listen({{0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}});  // all nodes
  return groups;
}

// Each queue of a function is a queue of its one port.
Outcome<Devices> make_port(const client::VnicGrant& grant, std::uint32_t packets) {
  const auto& function = std::get<client::SriovGrant>(grant.queues.front()).function;
  extaris::EthPort::Options options{.queues = static_cast<std::uint16_t>(grant.queues.size()),
                                    .mtu_bytes = grant.info.mtu_bytes};
  options.pool.packets = packets;
  auto port = extaris::EthPort::plug_in_and_open(function, std::move(options));
  if (!port) return std::unexpected(std::move(port.error()));
  Devices devices{.port = std::move(*port), .queues = {}};
  for (const client::QueueGrant& queue : grant.queues) {
    const auto* own = std::get_if<client::SriovGrant>(&queue);
    if (own == nullptr || own->function != function || own->index != devices.queues.size())
      return fail(Error::Code::internal, "arrakisd mixed up the queues of " + grant.info.name);
    devices.queues.push_back(std::make_unique<extaris::EthQueue>(devices.port->queue(own->index)));
  }
  const MacAddress& mac = devices.queues.front()->info().mac;
  devices.port->join(multicast_groups(grant.info));
  if (mac == grant.info.mac) return devices;
  return fail(Error::Code::unavailable,
              function + " has the MAC " + mac.to_string() + ", not " + grant.info.mac.to_string(),
              "is its card up? ip link shows it; then start again");
}

Outcome<std::unique_ptr<NetDevice>> make(const client::SriovGrant&, const client::VnicInfo& info,
                                         const Wanted&) {
  return fail(Error::Code::internal, "arrakisd mixed up the queues of " + info.name);
}

}  // namespace

Outcome<Devices> make_devices(client::VnicGrant& grant, std::uint32_t packets) {
  if (std::holds_alternative<client::SriovGrant>(grant.queues.front()))
    return make_port(grant, packets);
  Devices devices;
  const Wanted wanted{static_cast<std::uint16_t>(grant.queues.size()), packets};
  for (client::QueueGrant& queue : grant.queues) {
    auto device = std::visit(
        [&]<class Grant>(Grant&& kind) {
          return make(std::forward<Grant>(kind), grant.info, wanted);
        },
        std::move(queue));
    if (!device) return std::unexpected(std::move(device.error()));
    devices.queues.push_back(std::move(*device));
  }
  return devices;
}

}  // namespace arrakis::runtime
