// options.h: the command line that all benchmark servers share.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>

#include "base/error.h"
#include "base/instant.h"
#include "bench/lib/complain.h"
#include "bench/lib/machine.h"

namespace arrakis::bench {

struct ServerOptions {
  std::uint16_t port = 7;  // echo, RFC 862
  unsigned work_us = 0;
  std::optional<unsigned> core;
  bool counts_idle = false;

  void add_to(CLI::App& cli) {
    cli.add_option("--port", port, "UDP port to serve")->capture_default_str();
    cli.add_option("--work-us", work_us, "spin this long for every request, beside its own work")
        ->capture_default_str();
    cli.add_option("--core", core, "run on this core");
    cli.add_flag("--count-idle", counts_idle,
                 "count turns with nothing to do, and time none: for clocks of instructions");
  }
  Duration work() const { return Duration::microseconds(work_us); }

  // What is to be done before serving starts.
  Outcome<void> apply() const {
    catch_stop_signals();
    return core ? pin_to_core(*core) : Outcome<void>{};
  }
};

}  // namespace arrakis::bench
