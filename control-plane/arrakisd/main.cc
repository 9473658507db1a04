// arrakisd: the control plane's daemon. It gives applications their VNICs at set-up, keeps them
// within the policy, takes back what a dead one held, and sees no packet in between.
#include "control-plane/arrakisd/daemon.h"
#include "control-plane/providers/wire/wire_provider.h"
#include "control-plane/providers/xdp/xdp_provider.h"

int main(int argc, char** argv) {
  using arrakis::control::Build;
  using arrakis::control::Provider;
  const Build build{.make_providers = [](const auto&, const auto&) {
    std::vector<std::unique_ptr<Provider>> providers;
    providers.push_back(std::make_unique<arrakis::control::XdpProvider>());
    providers.push_back(std::make_unique<arrakis::control::WireProvider>());
    return providers;
  }};
  return arrakis::control::run_daemon(argc, argv, build);
}
