#include "libos/runtime/stack_config.h"

namespace arrakis::runtime {

extaris::StackConfig stack_config(const client::VnicInfo& info, std::uint64_t seed) {
  extaris::StackConfig config{.addresses = info.addresses, .seed = seed};
  for (const IpAddress& gateway : info.gateways) {
    const IpAddress everything = gateway.is_v4() ? IpAddress{Ipv4Address{}} : IpAddress{};
    const std::uint8_t whole = gateway.is_v4() ? 32 : 128;
    // A VNIC's own prefix may be a single address (/32): that its gateway is on the link is said
    // here and nowhere else.
    config.routes.push_back({.target = {gateway, whole}, .gateway = {}});
    config.routes.push_back({.target = {everything, 0}, .gateway = gateway});
  }
  for (const auto& [address, mac] : info.neighbors) config.neighbors.push_back({address, mac});
  return config;
}

}  // namespace arrakis::runtime
