#include "bench/load/load_options.h"

namespace arrakis::bench {
namespace {

Duration from_seconds(double seconds) { return {static_cast<std::int64_t>(seconds * 1e9)}; }

}  // namespace

void LoadOptions::add_to(CLI::App& cli) {
  cli.add_option_function<std::string>(
         "--server",
         [this](const std::string& text) {
           const auto endpoint = Endpoint::parse(text);
           if (!endpoint || endpoint->port == 0)
             throw CLI::ValidationError("--server", "write 10.0.0.2:7 or [fd00::2]:7");
           server = *endpoint;
         },
         "address and port of the server")
      ->required();
  cli.add_option_function<std::vector<std::string>>(
         "--case",
         [this](const std::vector<std::string>& texts) {
           for (const std::string& text : texts) {
             const auto parsed = parse_case(text);
             if (!parsed)
               throw CLI::ValidationError("--case",
                                          parsed.error().message + "; " + parsed.error().remedy);
             cases.push_back(*parsed);
           }
         },
         "64x8: 64 bytes, 8 outstanding; 1024@50000: at a fixed rate; +16: with 16 us of work")
      ->required();
  cli.add_option("--seconds", seconds, "how long each case is measured")
      ->check(CLI::Range(0.001, 3600.0))
      ->capture_default_str();
  cli.add_option("--warm-up", warm_up_seconds, "seconds before, not measured")
      ->check(CLI::Range(0.0, 3600.0))
      ->capture_default_str();
  cli.add_option("--timeout-ms", timeout_ms, "a request without an answer is lost after")
      ->check(CLI::Range(1u, 60'000u))
      ->capture_default_str();
  cli.add_option("--hold", hold_seconds, "then keep connections for so many seconds, silent")
      ->check(CLI::Range(0.0, 3600.0));
  cli.add_option("--core", core, "run on this core");
  cli.footer("Prints one line of JSON a case.");
}

Duration LoadOptions::hold() const { return from_seconds(hold_seconds); }

Timing LoadOptions::timing() const {
  return {.warm_up = from_seconds(warm_up_seconds),
          .measured = from_seconds(seconds),
          .loss_timeout = Duration::milliseconds(timeout_ms)};
}

}  // namespace arrakis::bench
