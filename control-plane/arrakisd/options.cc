#include "control-plane/arrakisd/options.h"

#include <CLI/CLI.hpp>

namespace arrakis::control {

Parsed parse_options(int argc, char** argv) {
  Options options;
  CLI::App app{"arrakisd: gives applications their VNICs and keeps them within the policy"};
  app.add_option("--policy,--config", options.policy, "the policy")
      ->type_name("FILE")
      ->capture_default_str();
  app.add_option("--socket", options.socket, "unix socket to serve, instead of the policy's")
      ->type_name("PATH");
  app.add_option("--state", options.state, "directory of the state, instead of the policy's")
      ->type_name("DIR");
  app.add_flag("--check-policy", options.check_policy, "say whether the policy is good, and end");
  app.add_flag("--failpoints", options.failpoints, "for tests: die where ARRAKIS_FAILPOINT says")
      ->group("");
  app.set_version_flag("--version", "arrakisd " ARRAKIS_VERSION);
  app.footer("Example:\n  sudo arrakisd --policy /etc/arrakis/arrakisd.toml");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return {std::nullopt, app.exit(error)};
  }
  return {options, 0};
}

}  // namespace arrakis::control
