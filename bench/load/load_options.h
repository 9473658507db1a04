// load_options.h: the command line that both load generators share.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/error.h"
#include "bench/load/measurement.h"

namespace arrakis::bench {

struct LoadOptions {
  Endpoint server;
  std::vector<Case> cases;
  double seconds = 1;
  double warm_up_seconds = 0.05;
  unsigned timeout_ms = 100;
  double hold_seconds = 0;  // after the last case
  std::optional<unsigned> core;

  void add_to(CLI::App& cli);
  Timing timing() const;
  Duration hold() const;
};

}  // namespace arrakis::bench
