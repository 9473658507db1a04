// udp_load: the UDP load generator on extaris.
#include "bench/load/extaris_transport.h"
#include "bench/load/on_vnic.h"

namespace arrakis::bench {
namespace {

static_assert(Transport<ExtarisTransport>);

Outcome<ExtarisTransport> connect(Queue& queue, const Endpoint& server) {
  auto socket = queue.bind_udp(0);
  if (!socket) return fail(Error::Code::exhausted, "no UDP port is free");
  return ExtarisTransport{queue, std::move(*socket), server};
}

}  // namespace
}  // namespace arrakis::bench

int main(int argc, char** argv) {
  return arrakis::bench::run_on_vnic(argc, argv, "UDP load generator on a VNIC of its own.",
                                     arrakis::bench::connect);
}
