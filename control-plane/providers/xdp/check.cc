// What an xdp VNIC may ask for: XdpProvider::check().
#include <fmt/format.h>
#include <algorithm>

#include "control-plane/providers/xdp/links.h"
#include "control-plane/providers/xdp/names.h"
#include "control-plane/providers/xdp/port_table.h"
#include "control-plane/providers/xdp/xdp_provider.h"
#include "control-plane/providers/xdp/xdp_socket.h"

namespace arrakis::control {
namespace {

constexpr std::uint16_t mtu_bytes_min = 1280;  // of a link that carries IPv6 (RFC 8200, 5)

Outcome<void> check_any(const VnicSpec& spec) {
  if (auto fits = xdp::check_table(spec); !fits) return fits;
  if (spec.name.find_first_of("/ \t\n:%") != std::string::npos)
    return fail(Error::Code::usage, fmt::format("VNIC name '{}' cannot name a netdev", spec.name));
  if (spec.mtu_bytes < mtu_bytes_min || spec.mtu_bytes > xdp::mtu_bytes_max)
    return fail(Error::Code::unavailable,
                fmt::format("{}: MTU {}: provider xdp carries {} to {}, a frame must fit a page",
                            spec.name, spec.mtu_bytes, mtu_bytes_min, xdp::mtu_bytes_max),
                "choose a smaller MTU");
  if (spec.queues == 0 || spec.queues > ARK_QUEUES_MAX)
    return fail(Error::Code::usage,
                fmt::format("{}: {} queues: 1 to {}", spec.name, spec.queues, ARK_QUEUES_MAX));
  return {};
}

Outcome<void> check_pair(const VnicSpec& spec) {
  if (spec.mac == MacAddress{} || spec.mac.is_multicast())
    return fail(Error::Code::usage,
                fmt::format("{}: {} is no unicast MAC", spec.name, spec.mac.to_string()));
  return {};
}

Outcome<void> check_shared(const VnicSpec& spec) {
  if (!spec.trust_transmit)
    return fail(Error::Code::denied,
                fmt::format("{}: what an application sends into {} cannot be policed there",
                            spec.name, spec.device),
                "let the policy trust the application, or give it a veth pair (no device)");
  const bool filters =
      std::ranges::count(spec.filters, Filter::Direction::transmit, &Filter::direction) != 0;
  if (filters || spec.rate.limited())
    return fail(Error::Code::unavailable,
                fmt::format("{}: a {} cannot be enforced on {}, whose other end is not ours",
                            spec.name, filters ? "transmit filter" : "rate", spec.device),
                "leave it out, or use a veth pair (no device)");
  auto links = xdp::Links::open();
  if (!links) return std::unexpected(links.error());
  if (const auto link = links->find(spec.device); !link) return std::unexpected(link.error());
  if (const auto queues = xdp::receive_queues(spec.device); queues != spec.queues)
    return fail(
        Error::Code::unavailable,
        fmt::format("{} spreads packets over {} receive queues, {} has {}", spec.device, queues,
                    spec.name, spec.queues),
        fmt::format("ethtool -L {} combined {}, or --queues {}", spec.device, spec.queues, queues));
  return {};
}

}  // namespace

Outcome<std::vector<std::string>> XdpProvider::check(const VnicSpec& spec) {
  const bool shared = !spec.device.empty();
  if (auto fits = check_any(spec); !fits) return std::unexpected(fits.error());
  if (auto fits = shared ? check_shared(spec) : check_pair(spec); !fits)
    return std::unexpected(fits.error());
  if (shared) return std::vector<std::string>{"rx filter"};
  return std::vector<std::string>{"source mac", "source address", "tx filter", "rx filter", "rate"};
}

}  // namespace arrakis::control
