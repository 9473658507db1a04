// arrakisd: the control plane's daemon. It gives applications their VNICs at set-up, keeps them
// within the policy, takes back what a dead one held, and sees no packet in between.
#include "control-plane/arrakisd/daemon.h"
#include "control-plane/providers/sriov/sriov_provider.h"
#include "control-plane/providers/wire/wire_provider.h"
#include "control-plane/providers/xdp/xdp_provider.h"

namespace arrakis::control {
namespace {

std::set<std::string> managed_cards(const Policy& policy) {
  std::set<std::string> cards;
  for (const PoolRule& pool : policy.pools)
    if (!pool.physical.empty() && pool.managed) cards.insert(pool.physical);
  return cards;
}

std::vector<std::unique_ptr<Provider>> make_providers(const Policy& policy,
                                                      const Failpoints& failpoints) {
  std::vector<std::unique_ptr<Provider>> providers;
  providers.push_back(std::make_unique<XdpProvider>());
  providers.push_back(std::make_unique<WireProvider>());
  providers.push_back(std::make_unique<SriovProvider>(SriovProvider::Parts{
      .sysfs = std::make_unique<vfio::Sysfs>(),
      .links = std::make_unique<sriov::RtnetlinkVfLinks>(),
      .cards = managed_cards(policy),
      .step = [points = Failpoints{failpoints}](auto step) mutable { points.reach(step); }}));
  return providers;
}

}  // namespace
}  // namespace arrakis::control

int main(int argc, char** argv) {
  using arrakis::control::Build;
  return arrakis::control::run_daemon(argc, argv,
                                      Build{.make_providers = arrakis::control::make_providers});
}
