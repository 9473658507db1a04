// xdp_provider.h: VNICs for any Linux machine: AF_XDP sockets, and a BPF program where the
// application cannot reach it.
//
// Two kinds. With a veth pair of its own the application's packets pass the program twice: on their
// way out at the host's end, which polices them, on their way in at the application's. With the
// queues of an existing netdev the kernel keeps all that is not for the VNIC; nothing polices what
// is sent, so the policy must trust the application.
//
// Names: a VNIC "vf0" has the netdevs "ark-vf0" (host) and "ark-vf0a" (application), both with the
// alias "arrakis vf0".
#pragma once

#include <map>

#include "control-plane/providers/provider.h"
#include "control-plane/providers/xdp/port.h"

namespace arrakis::control {

class XdpProvider final : public Provider {
 public:
  XdpProvider();

  std::string_view name() const override { return "xdp"; }
  std::vector<Finding> diagnose() override;
  Outcome<std::vector<std::string>> check(const VnicSpec& spec) override;
  Outcome<void> create(VnicSpec& spec) override;
  Outcome<QueueGrant> open(const VnicSpec& spec, std::uint16_t index) override;
  void destroy(const VnicSpec& spec) noexcept override;
  Outcome<void> set_rate(const VnicSpec& spec, Rate rate) override;
  Outcome<void> set_filters(const VnicSpec& spec, std::span<const Filter> filters) override;
  Outcome<VnicCounters> counters(const VnicSpec& spec) override;
  std::string device(const VnicSpec& spec) const override;
  std::vector<std::string> adopt(std::span<const VnicSpec> live) override;

 private:
  Outcome<void> create_pair(const VnicSpec& spec);
  Outcome<void> create_shared(VnicSpec& spec);
  void destroy_pair(const VnicSpec& spec);
  void destroy_shared(const VnicSpec& spec);
  Outcome<void> apply(const VnicSpec& spec);

  // The port on a netdev: held since it was made, else found in the kernel.
  Outcome<xdp::Port*> port_on(const std::string& netdev);
  // The port whose recipient the VNIC is, and the one that polices it (nullptr: none does).
  Outcome<xdp::Port*> receiving_port(const VnicSpec& spec);
  Outcome<xdp::Port*> guarding_port(const VnicSpec& spec);
  void forget_port(const std::string& netdev);

  struct HeldPort {
    unsigned netdev;  // its index: a netdev of the same name may be another one by now
    xdp::Port port;
  };
  std::map<std::string, HeldPort> ports_;  // by name of the netdev
  // One a queue, for its statistics. Lost with the daemon; the application has its own.
  std::map<std::string, std::map<std::uint16_t, kj::AutoCloseFd>> sockets_;  // by VNIC
};

}  // namespace arrakis::control
