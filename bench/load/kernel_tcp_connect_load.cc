// kernel_tcp_connect_load: the load generator on kernel sockets that opens a TCP connection for
// each request.
#include <memory>

#include "bench/load/kernel_connect_transport.h"
#include "bench/load/on_sockets.h"
#include "bench/load/transport.h"

namespace arrakis::bench {
namespace {

static_assert(Transport<KernelConnectTransport>);

Outcome<std::unique_ptr<KernelConnectTransport>> connect(const Endpoint& server) {
  return std::make_unique<KernelConnectTransport>(server);
}

}  // namespace
}  // namespace arrakis::bench

int main(int argc, char** argv) {
  return arrakis::bench::run_on_sockets(
      argc, argv, "TCP load generator on kernel sockets: a connection a request.",
      arrakis::bench::connect);
}
