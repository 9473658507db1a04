#include "control-plane/providers/xdp/xdp_provider.h"

#include <bpf/libbpf.h>
#include <fcntl.h>

#include <fmt/format.h>
#include <algorithm>
#include <utility>

#include "control-plane/providers/xdp/links.h"
#include "control-plane/providers/xdp/names.h"
#include "control-plane/providers/xdp/port_table.h"
#include "control-plane/providers/xdp/xdp_socket.h"

namespace arrakis::control {

using xdp::Link;
using xdp::Links;
using xdp::Place;
using xdp::Port;

// What libbpf prints, a caller gets as an Error.
XdpProvider::XdpProvider() { libbpf_set_print(nullptr); }

Outcome<Port*> XdpProvider::port_on(const std::string& netdev) {
  auto links = Links::open();
  if (!links) return std::unexpected(links.error());
  const auto link = links->find(netdev);
  if (!link) return std::unexpected(link.error());
  if (const auto held = ports_.find(netdev); held != ports_.end()) {
    if (held->second.netdev == link->index) return &held->second.port;
    ports_.erase(held);
  }
  auto found = Port::find(link->index);
  if (!found) return std::unexpected(found.error());
  if (!*found)
    return fail(Error::Code::not_found, fmt::format("no XDP program of ours on {}", netdev));
  const auto [place, inserted] = ports_.emplace(netdev, HeldPort{link->index, std::move(**found)});
  return &place->second.port;
}

void XdpProvider::forget_port(const std::string& netdev) { ports_.erase(netdev); }

Outcome<Port*> XdpProvider::receiving_port(const VnicSpec& spec) {
  auto port = port_on(xdp::receiving_end(spec));
  if (port && (*port)->occupant(Place::recipient) != spec.name)
    return fail(Error::Code::not_found, fmt::format("{} is not on {}", spec.name, device(spec)));
  return port;
}

Outcome<Port*> XdpProvider::guarding_port(const VnicSpec& spec) {
  if (!spec.device.empty()) return nullptr;
  auto port = port_on(xdp::host_end(spec));
  if (port && (*port)->occupant(Place::guard) != spec.name)
    return fail(Error::Code::not_found, fmt::format("{} is not on {}", spec.name, device(spec)));
  return port;
}

Outcome<void> XdpProvider::create(VnicSpec& spec) {
  if (auto possible = check(spec); !possible) return std::unexpected(possible.error());
  destroy(spec);  // what an earlier life left behind
  auto created = spec.device.empty() ? create_pair(spec) : create_shared(spec);
  if (!created) destroy(spec);
  return created;
}

namespace {

// The host's end: the gateway's addresses and a route to each address of the VNIC. Many VNICs share
// one gateway address, each on a wire of its own.
Outcome<void> address_host_end(Links& links, const Link& host, const VnicSpec& spec) {
  // Neighbour discovery for forwarded packets speaks from a link-local address (RFC 4861, 7.2.2).
  IpAddress link_local{Ipv6Address{{0xfe, 0x80, 0, 0, 0, 0, 0, 0, host.mac.bytes[0],
                                    host.mac.bytes[1], host.mac.bytes[2], 0xff, 0xfe,
                                    host.mac.bytes[3], host.mac.bytes[4], host.mac.bytes[5]}}};
  const bool any_v6 = std::ranges::any_of(
      spec.addresses, [](const IpPrefix& prefix) { return !prefix.address.is_v4(); });
  if (any_v6)
    if (auto added = links.add_address(host.index, {link_local, 64}); !added) return added;
  for (const IpAddress& gateway : spec.gateways) {
    const IpPrefix alone{gateway, static_cast<std::uint8_t>(gateway.is_v4() ? 32 : 128)};
    if (auto added = links.add_address(host.index, alone); !added) return added;
  }
  for (const IpPrefix& prefix : spec.addresses) {
    std::optional<IpAddress> source;
    for (const IpAddress& gateway : spec.gateways)
      if (gateway.is_v4() == prefix.address.is_v4()) source = gateway;
    if (auto added = links.add_route(host.index, prefix.address, source); !added) return added;
  }
  return {};
}

}  // namespace

Outcome<void> XdpProvider::create_pair(const VnicSpec& spec) {
  auto links = Links::open();
  if (!links) return std::unexpected(links.error());
  const std::string host = xdp::host_end(spec), app = xdp::app_end(spec);
  if (auto made = links->make({.host = host,
                               .app = app,
                               .alias = xdp::alias_of(spec.name),
                               .app_mac = spec.mac,
                               .mtu_bytes = spec.mtu_bytes,
                               .queues = spec.queues});
      !made)
    return made;
  // Both programs stand before either end is up: no frame passes unpoliced.
  const struct {
    const std::string& netdev;
    bool exclusive;
    Place place;
    ark_vnic table;
  } ends[] = {{host, false, Place::guard, xdp::guard_table(spec)},
              {app, true, Place::recipient, xdp::recipient_table(spec)}};
  for (const auto& end : ends) {
    const auto link = links->find(end.netdev);
    if (!link) return std::unexpected(link.error());
    if (auto done = xdp::disable_transmit_offloads(end.netdev); !done) return done;
    auto port = Port::attach(link->index, end.exclusive);
    if (!port) return std::unexpected(port.error());
    if (auto done = port->put(end.place, end.table); !done) return done;
    ports_.insert_or_assign(end.netdev, HeldPort{link->index, std::move(*port)});
  }
  for (const auto& end : ends)
    if (auto done = links->set_up(ports_.at(end.netdev).netdev); !done) return done;
  const auto host_link = links->find(host);
  if (!host_link) return std::unexpected(host_link.error());
  return address_host_end(*links, *host_link, spec);
}

Outcome<void> XdpProvider::create_shared(VnicSpec& spec) {
  auto links = Links::open();
  if (!links) return std::unexpected(links.error());
  const auto link = links->find(spec.device);
  if (!link) return std::unexpected(link.error());
  spec.mac = link->mac;
  spec.mtu_bytes =
      static_cast<std::uint16_t>(std::min<std::uint32_t>(spec.mtu_bytes, link->mtu_bytes));
  auto port = port_on(spec.device);
  if (!port && port.error().code == Error::Code::not_found) {
    auto attached = Port::attach(link->index, false);
    if (!attached) return std::unexpected(attached.error());
    const auto [place, inserted] =
        ports_.insert_or_assign(spec.device, HeldPort{link->index, std::move(*attached)});
    port = &place->second.port;
  }
  if (!port) return std::unexpected(port.error());
  if (const std::string other = (*port)->occupant(Place::recipient); !other.empty())
    return fail(Error::Code::conflict,
                fmt::format("{} is shared with {} already", spec.device, other),
                fmt::format("arrakisctl release-vf {}", other));
  return (*port)->put(Place::recipient, xdp::recipient_table(spec));
}

Outcome<QueueGrant> XdpProvider::open(const VnicSpec& spec, std::uint16_t index) {
  if (index >= spec.queues)
    return fail(Error::Code::usage, fmt::format("{} has {} queues", spec.name, spec.queues));
  const auto port = receiving_port(spec);
  if (!port) return std::unexpected(port.error());
  auto& sockets = sockets_[spec.name];
  sockets.erase(index);
  const std::string netdev = xdp::receiving_end(spec);
  auto grant = xdp::open_xdp_socket(ports_.at(netdev).netdev, index, spec.mtu_bytes);
  if (!grant) {
    grant.error().message = fmt::format("{}: {}", netdev, grant.error().message);
    return std::unexpected(grant.error());
  }
  if (auto added = (*port)->add_socket(index, grant->socket); !added)
    return std::unexpected(added.error());
  sockets.emplace(index, kj::AutoCloseFd(fcntl(grant->socket, F_DUPFD_CLOEXEC, 0)));
  return QueueGrant{std::move(*grant)};
}

void XdpProvider::destroy(const VnicSpec& spec) noexcept {
  sockets_.erase(spec.name);
  if (spec.device.empty())
    destroy_pair(spec);
  else
    destroy_shared(spec);
}

// The netdevs take programs, maps, addresses and routes with them.
void XdpProvider::destroy_pair(const VnicSpec& spec) {
  forget_port(xdp::host_end(spec));
  forget_port(xdp::app_end(spec));
  auto links = Links::open();
  if (!links) return;
  for (const std::string& end : {xdp::host_end(spec), xdp::app_end(spec)})
    if (const auto link = links->find(end); link && xdp::is_ours(*link))
      (void)links->remove(link->index);
}

void XdpProvider::destroy_shared(const VnicSpec& spec) {
  const auto port = receiving_port(spec);
  if (!port) return;
  (*port)->remove_sockets();
  (void)(*port)->clear(Place::recipient);
  if (!(*port)->occupant(Place::guard).empty()) return;  // still polices the netdev's own VNIC
  (*port)->detach();
  forget_port(spec.device);
}

// Writes the tables anew; the bucket keeps what it holds.
Outcome<void> XdpProvider::apply(const VnicSpec& spec) {
  if (auto possible = check(spec); !possible) return std::unexpected(possible.error());
  const auto receiving = receiving_port(spec);
  if (!receiving) return std::unexpected(receiving.error());
  const auto guarding = guarding_port(spec);
  if (!guarding) return std::unexpected(guarding.error());
  if (*guarding != nullptr)
    if (auto put = (*guarding)->put(Place::guard, xdp::guard_table(spec)); !put) return put;
  return (*receiving)->put(Place::recipient, xdp::recipient_table(spec));
}

Outcome<void> XdpProvider::set_rate(const VnicSpec& spec, Rate rate) {
  VnicSpec changed = spec;
  changed.rate = rate;
  return apply(changed);
}

Outcome<void> XdpProvider::set_filters(const VnicSpec& spec, std::span<const Filter> filters) {
  VnicSpec changed = spec;
  changed.filters.assign(filters.begin(), filters.end());
  return apply(changed);
}

Outcome<VnicCounters> XdpProvider::counters(const VnicSpec& spec) {
  const auto receiving = receiving_port(spec);
  if (!receiving) return std::unexpected(receiving.error());
  const auto received = (*receiving)->count(Place::recipient);
  if (!received) return std::unexpected(received.error());
  VnicCounters counters{.received_packets = received->received_packets,
                        .received_bytes = received->received_bytes,
                        .filtered_receive = received->filtered_receive,
                        .ring_full = received->no_socket};
  if (const auto held = sockets_.find(spec.name); held != sockets_.end())
    for (const auto& [queue, socket] : held->second) counters.ring_full += xdp::ring_full(socket);
  const auto guarding = guarding_port(spec);
  if (!guarding) return std::unexpected(guarding.error());
  if (*guarding == nullptr) return counters;
  const auto sent = (*guarding)->count(Place::guard);
  if (!sent) return std::unexpected(sent.error());
  counters.transmitted_packets = sent->transmitted_packets;
  counters.transmitted_bytes = sent->transmitted_bytes;
  counters.forged_mac = sent->forged_mac;
  counters.forged_address = sent->forged_address;
  counters.filtered_transmit = sent->filtered_transmit;
  counters.over_rate = sent->over_rate;
  return counters;
}

std::string XdpProvider::device(const VnicSpec& spec) const {
  return spec.device.empty() ? xdp::host_end(spec) : spec.device;
}

}  // namespace arrakis::control
