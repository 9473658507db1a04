// tcp_load: the TCP load generator on extaris, an Arrakis application like any other.
#include <arrakis/arrakis.h>

#include <CLI/CLI.hpp>

#include "bench/lib/complain.h"
#include "bench/lib/machine.h"
#include "bench/load/extaris_tcp_transport.h"
#include "bench/load/session.h"

namespace arrakis::bench {
namespace {

static_assert(Transport<ExtarisTcpTransport>);

int run(int argc, char** argv) {
  CLI::App cli{"TCP load generator on a VNIC of its own: one request outstanding a connection."};
  LoadOptions options;
  options.add_to(cli);
  std::string name;
  cli.add_option("--app", name, "application to be; default: $ARRAKIS_APP");
  CLI11_PARSE(cli, argc, argv);

  if (options.core)
    if (const auto pinned = pin_to_core(*options.core); !pinned) return complain(pinned.error());
  auto app = App::attach(name);
  if (!app) return complain(app.error());
  ExtarisTcpTransport transport{app->vnic().queue(), options.server};
  return run_cases(transport, options);
}

}  // namespace
}  // namespace arrakis::bench

int main(int argc, char** argv) { return arrakis::bench::run(argc, argv); }
