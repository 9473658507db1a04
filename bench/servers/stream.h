// stream.h: figure tcp_stream's command line and its result, which both systems share.
//
// A server listens on two ports: what comes in by the first is thrown away (RFC 863), by the second
// it sends for ever (RFC 864). A client connects to one of them and says how many bytes a second
// went by.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>

#include "base/address.h"
#include "base/instant.h"
#include "bench/lib/complain.h"
#include "bench/lib/machine.h"

namespace arrakis::bench {

inline constexpr std::uint16_t discard_port = 9, chargen_port = 19;

struct StreamOptions {
  std::string server;  // empty: be one
  bool sends = false;
  double seconds = 1, warm_up_seconds = 0.2;
  std::optional<unsigned> core;

  void add_to(CLI::App& cli) {
    cli.add_option("--server", server, "address of the server; without: be one");
    cli.add_flag("--send", sends, "send to it; without: receive");
    cli.add_option("--seconds", seconds, "how long is measured")->capture_default_str();
    cli.add_option("--warm-up", warm_up_seconds, "before that")->capture_default_str();
    cli.add_option("--core", core, "run on this core");
  }
  std::optional<Endpoint> endpoint() const {
    const auto address = IpAddress::parse(server);
    if (!address) return std::nullopt;
    return Endpoint{*address, sends ? discard_port : chargen_port};
  }
  Outcome<void> apply() const {
    catch_stop_signals();
    return core ? pin_to_core(*core) : Outcome<void>{};
  }
};

// Bytes a second between the end of the warm-up and the last look.
class StreamMeter {
 public:
  explicit StreamMeter(const StreamOptions& options)
      : from_{now() + of(options.warm_up_seconds)}, until_{from_ + of(options.seconds)} {}

  // `bytes`: in all so far. False: it is over.
  bool look(std::uint64_t bytes) {
    const Instant current = now();
    if (current < from_) {
      first_ = bytes;
      started_ = current;
    }
    last_ = bytes;
    ended_ = current;
    return current < until_;
  }
  void print() const {
    const auto seconds = static_cast<double>((ended_ - started_).ns) / 1e9;
    std::printf("{\"gbit_s\": %.4f}\n", static_cast<double>(last_ - first_) * 8 / 1e9 / seconds);
    std::fflush(stdout);
  }

 private:
  static Duration of(double seconds) { return {static_cast<std::int64_t>(seconds * 1e9)}; }

  Instant from_, until_;
  Instant started_ = now(), ended_ = started_;
  std::uint64_t first_ = 0, last_ = 0;
};

}  // namespace arrakis::bench
