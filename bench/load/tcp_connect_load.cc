// tcp_connect_load: the load generator on extaris that opens a TCP connection for each request.
#include "bench/load/extaris_connect_transport.h"
#include "bench/load/on_vnic.h"
#include "bench/load/transport.h"

namespace arrakis::bench {
namespace {

static_assert(Transport<ExtarisConnectTransport>);

Outcome<ExtarisConnectTransport> connect(Queue& queue, const Endpoint& server) {
  return ExtarisConnectTransport{queue, server};
}

}  // namespace
}  // namespace arrakis::bench

int main(int argc, char** argv) {
  return arrakis::bench::run_on_vnic(
      argc, argv, "TCP load generator on a VNIC of its own: a connection a request.",
      arrakis::bench::connect);
}
