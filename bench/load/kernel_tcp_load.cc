// kernel_tcp_load: the TCP load generator on kernel sockets.
#include "bench/load/kernel_tcp_transport.h"
#include "bench/load/on_sockets.h"

namespace arrakis::bench {
namespace {

static_assert(Transport<KernelTcpTransport>);

// Connections are opened when a case needs them.
Outcome<std::unique_ptr<KernelTcpTransport>> connect(const Endpoint& server) {
  return std::make_unique<KernelTcpTransport>(server);
}

}  // namespace
}  // namespace arrakis::bench

int main(int argc, char** argv) {
  return arrakis::bench::run_on_sockets(
      argc, argv, "TCP load generator on kernel sockets: one request outstanding a connection.",
      arrakis::bench::connect);
}
