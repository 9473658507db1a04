// kernel_load: the load generator on kernel sockets.
#include <CLI/CLI.hpp>

#include "bench/lib/complain.h"
#include "bench/lib/machine.h"
#include "bench/load/kernel_transport.h"
#include "bench/load/session.h"

namespace arrakis::bench {
namespace {

static_assert(Transport<KernelTransport>);

int run(int argc, char** argv) {
  CLI::App cli{"UDP load generator on kernel sockets."};
  LoadOptions options;
  options.add_to(cli);
  CLI11_PARSE(cli, argc, argv);
  if (options.core)
    if (const auto pinned = pin_to_core(*options.core); !pinned) return complain(pinned.error());
  auto transport = KernelTransport::connect(options.server);
  if (!transport) return complain(transport.error());
  return run_cases(*transport, options);
}

}  // namespace
}  // namespace arrakis::bench

int main(int argc, char** argv) { return arrakis::bench::run(argc, argv); }
