// on_sockets.h: the main of a load generator on kernel sockets.
#pragma once

#include <CLI/CLI.hpp>

#include "bench/lib/complain.h"
#include "bench/lib/machine.h"
#include "bench/load/session.h"

namespace arrakis::bench {

// `connect(Endpoint)`: an Outcome of a std::unique_ptr to a Transport. Returns an exit status.
template <class Connect>
int run_on_sockets(int argc, char** argv, const char* about, Connect&& connect) {
  CLI::App cli{about};
  LoadOptions options;
  options.add_to(cli);
  CLI11_PARSE(cli, argc, argv);
  if (options.core)
    if (const auto pinned = pin_to_core(*options.core); !pinned) return complain(pinned.error());
  auto transport = connect(options.server);
  if (!transport) return complain(transport.error());
  return run_cases(**transport, options);
}

}  // namespace arrakis::bench
