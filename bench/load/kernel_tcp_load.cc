// kernel_tcp_load: the TCP load generator on kernel sockets.
#include <CLI/CLI.hpp>

#include "bench/lib/complain.h"
#include "bench/lib/machine.h"
#include "bench/load/kernel_tcp_transport.h"
#include "bench/load/session.h"

namespace arrakis::bench {
namespace {

static_assert(Transport<KernelTcpTransport>);

int run(int argc, char** argv) {
  CLI::App cli{"TCP load generator on kernel sockets: one request outstanding a connection."};
  LoadOptions options;
  options.add_to(cli);
  CLI11_PARSE(cli, argc, argv);
  if (options.core)
    if (const auto pinned = pin_to_core(*options.core); !pinned) return complain(pinned.error());
  KernelTcpTransport transport{options.server};
  return run_cases(transport, options);
}

}  // namespace
}  // namespace arrakis::bench

int main(int argc, char** argv) { return arrakis::bench::run(argc, argv); }
