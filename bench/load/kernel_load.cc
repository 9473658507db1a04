// kernel_load: the UDP load generator on kernel sockets.
#include "bench/load/kernel_transport.h"
#include "bench/load/on_sockets.h"

namespace arrakis::bench {
namespace {

static_assert(Transport<KernelTransport>);

Outcome<std::unique_ptr<KernelTransport>> connect(const Endpoint& server) {
  auto transport = KernelTransport::connect(server);
  if (!transport) return std::unexpected(transport.error());
  return std::make_unique<KernelTransport>(std::move(*transport));
}

}  // namespace
}  // namespace arrakis::bench

int main(int argc, char** argv) {
  return arrakis::bench::run_on_sockets(argc, argv, "UDP load generator on kernel sockets.",
                                        arrakis::bench::connect);
}
