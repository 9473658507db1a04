// wire_provider.h: a private link between two applications: shared memory (memif), two bells,
// and one page of flags that say who sleeps. The first VNIC to name the wire is memif's server, the
// second its client.
//
// Nothing stands between the two, so nothing can be policed or counted: the peer is the grant.
//
// Descriptors are all there is of a wire, and they are held here as long as either end is in use:
// an application that comes back finds the same wire. A daemon that restarts has lost them. The
// applications go on undisturbed, but an end that is left then stays empty until the other end is
// left too and the wire is made anew.
#pragma once

#include <array>
#include <map>
#include <optional>

#include "control-plane/providers/provider.h"

namespace arrakis::control {

class WireProvider final : public Provider {
 public:
  std::string_view name() const override { return "wire"; }
  std::vector<Finding> diagnose() override;
  Outcome<std::vector<std::string>> check(const VnicSpec& spec) override;
  Outcome<void> create(VnicSpec& spec) override;
  Outcome<QueueGrant> open(const VnicSpec& spec, std::uint16_t index) override;
  void destroy(const VnicSpec& spec) noexcept override;
  Outcome<void> set_rate(const VnicSpec& spec, Rate rate) override;
  Outcome<void> set_filters(const VnicSpec& spec, std::span<const Filter> filters) override;
  Outcome<VnicCounters> counters(const VnicSpec& spec) override;
  std::string device(const VnicSpec& spec) const override { return spec.wire; }
  std::vector<std::string> adopt(std::span<const VnicSpec> live) override;

 private:
  struct End {
    std::string vnic;
    std::vector<Neighbor> neighbors;  // what the other end may know of this one
  };
  struct Link {  // what both ends share
    std::string socket_name, secret;
    kj::AutoCloseFd doorbell_page;
    std::array<kj::AutoCloseFd, 2> bells;  // of ends[i]; the two ends of a socket pair
  };
  struct Wire {
    std::array<std::optional<End>, 2> ends;  // the server, the client
    std::uint16_t mtu_bytes = 0;
    std::optional<Link> link;  // nothing: in use since before this daemon
  };

  static Outcome<Link> make_link();
  static std::optional<std::size_t> end_of(const Wire& wire, const VnicSpec& spec);

  std::map<std::string, Wire> wires_;  // by name
};

}  // namespace arrakis::control
