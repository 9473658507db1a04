// options.h: the command line that all benchmark servers share.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>

#include "base/error.h"
#include "base/instant.h"
#include "bench/lib/complain.h"
#include "bench/lib/machine.h"
#include "bench/servers/instructions.h"
#include "bench/servers/service.h"

namespace arrakis::bench {

struct ServerOptions {
  std::uint16_t port = 7;  // echo, RFC 862
  unsigned work_us = 0;
  std::optional<unsigned> core;
  bool counts_instructions = false;

  void add_to(CLI::App& cli) {
    cli.add_option("--port", port, "UDP port to serve")->capture_default_str();
    cli.add_option("--work-us", work_us, "spin this long for every request, beside its own work")
        ->capture_default_str();
    cli.add_option("--core", core, "run on this core");
    cli.add_flag("--count-instructions", counts_instructions,
                 "count them, and time nothing: in a machine whose clock does (qemu -icount)");
  }
  Duration work() const { return Duration::microseconds(work_us); }
  EchoService::Counts counts(
      EchoService::Counts instructions = EchoService::Counts::instructions) const {
    return counts_instructions ? instructions : EchoService::Counts::time;
  }

  // What is to be done before serving starts.
  Outcome<void> apply() const {
    catch_stop_signals();
    if (counts_instructions)
      if (auto can = bench::counts_instructions(); !can) return can;
    return core ? pin_to_core(*core) : Outcome<void>{};
  }
};

}  // namespace arrakis::bench
