// arrakisd_fake: the daemon with providers whose kernel is a directory (ARRAKIS_FAKE_KERNEL), so
// that a test may crash it where it likes. Never installed.
#include <cstdlib>

#include "control-plane/arrakisd/daemon.h"
#include "control-plane/arrakisd/fake_provider.h"

int main(int argc, char** argv) {
  using arrakis::control::Build;
  using arrakis::control::Provider;
  const char* kernel = std::getenv("ARRAKIS_FAKE_KERNEL");
  if (kernel == nullptr) return 2;
  const Build build{.make_providers =
                        [&](const auto&, const auto&) {
                          std::vector<std::unique_ptr<Provider>> providers;
                          for (const char* name : {"xdp", "wire"})
                            providers.push_back(std::make_unique<arrakis::control::FakeProvider>(
                                name, std::filesystem::path{kernel} / name));
                          return providers;
                        },
                    .needs_privileges = false};
  return arrakis::control::run_daemon(argc, argv, build);
}
