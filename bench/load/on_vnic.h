// on_vnic.h: the main of a load generator on extaris, an Arrakis application like any other.
#pragma once

#include <arrakis/arrakis.h>

#include <CLI/CLI.hpp>

#include "bench/lib/complain.h"
#include "bench/lib/machine.h"
#include "bench/load/session.h"

namespace arrakis::bench {

// `connect(Queue&, Endpoint)`: an Outcome of a Transport. Returns an exit status.
template <class Connect>
int run_on_vnic(int argc, char** argv, const char* about, Connect&& connect) {
  CLI::App cli{about};
  LoadOptions options;
  options.add_to(cli);
  std::string name;
  cli.add_option("--app", name, "application to be; default: $ARRAKIS_APP");
  App::Options limits;
  cli.add_option("--connections", limits.connections, "as many at most")->capture_default_str();
  cli.add_option("--packets", limits.packets, "buffers of the queue")->capture_default_str();
  CLI11_PARSE(cli, argc, argv);

  if (options.core)
    if (const auto pinned = pin_to_core(*options.core); !pinned) return complain(pinned.error());
  auto app = App::attach(name, limits);
  if (!app) return complain(app.error());
  auto transport = connect(app->vnic().queue(), options.server);
  if (!transport) return complain(transport.error());
  return run_cases(*transport, options);
}

}  // namespace arrakis::bench
