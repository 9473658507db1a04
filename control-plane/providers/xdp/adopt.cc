// After a restart of the daemon: XdpProvider::adopt().
#include <algorithm>

#include "control-plane/providers/xdp/links.h"
#include "control-plane/providers/xdp/names.h"
#include "control-plane/providers/xdp/xdp_provider.h"

namespace arrakis::control {

using xdp::Link;
using xdp::Links;
using xdp::Place;
using xdp::Port;

namespace {

bool wanted(std::span<const VnicSpec> live, const std::string& vnic, const std::string& netdev) {
  return std::ranges::any_of(live, [&](const VnicSpec& spec) {
    return spec.name == vnic && (netdev == xdp::receiving_end(spec) ||
                                 (spec.device.empty() && netdev == xdp::host_end(spec)));
  });
}

// Takes away the places of VNICs that nobody runs any more, and the program with the last of them.
void clear_port(Port& port, std::span<const VnicSpec> live, const std::string& netdev) {
  const std::string guard = port.occupant(Place::guard);
  const std::string recipient = port.occupant(Place::recipient);
  const bool guarded = !guard.empty() && wanted(live, guard, netdev);
  const bool received = !recipient.empty() && wanted(live, recipient, netdev);
  if (!received && !recipient.empty()) {
    port.remove_sockets();
    (void)port.clear(Place::recipient);
  }
  if (!guarded && !received) port.detach();
}

}  // namespace

std::vector<std::string> XdpProvider::adopt(std::span<const VnicSpec> live) {
  ports_.clear();
  std::vector<std::string> lost;
  auto links = Links::open();
  const auto all = links ? links->list() : Outcome<std::vector<Link>>{};
  if (!links || !all) {
    for (const VnicSpec& spec : live) lost.push_back(spec.name);
    return lost;
  }
  for (const Link& link : *all) {
    const bool kept = std::ranges::any_of(live, [&](const VnicSpec& spec) {
      return spec.device.empty() &&
             (link.name == xdp::host_end(spec) || link.name == xdp::app_end(spec));
    });
    if (xdp::is_ours(link) && !kept) {
      (void)links->remove(link.index);  // its other end, later in the list, goes with it
      continue;
    }
    auto port = Port::find(link.index);
    if (port && *port) clear_port(**port, live, link.name);
  }
  for (const VnicSpec& spec : live)
    if (!receiving_port(spec) || !guarding_port(spec)) lost.push_back(spec.name);
  return lost;
}

}  // namespace arrakis::control
