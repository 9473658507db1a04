// tcp_load: the TCP load generator on extaris.
#include "bench/load/extaris_tcp_transport.h"
#include "bench/load/on_vnic.h"

namespace arrakis::bench {
namespace {

static_assert(Transport<ExtarisTcpTransport>);

// Connections are opened when a case needs them.
Outcome<ExtarisTcpTransport> connect(Queue& queue, const Endpoint& server) {
  return ExtarisTcpTransport{queue, server};
}

}  // namespace
}  // namespace arrakis::bench

int main(int argc, char** argv) {
  return arrakis::bench::run_on_vnic(
      argc, argv, "TCP load generator on a VNIC of its own: one request outstanding a connection.",
      arrakis::bench::connect);
}
