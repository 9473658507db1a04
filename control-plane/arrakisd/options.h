// options.h: arrakisd's command line.
#pragma once

#include <optional>
#include <string>

namespace arrakis::control {

struct Options {
  std::string policy = "/etc/arrakis/arrakisd.toml";
  std::string socket;  // empty: as the policy says
  std::string state;   // directory; empty: as the policy says
  bool check_policy = false;
  bool failpoints = false;
};

// The options, or the exit status of a command line that ends here (--help, a mistake).
struct Parsed {
  std::optional<Options> options;
  int status = 0;
};
Parsed parse_options(int argc, char** argv);

}  // namespace arrakis::control
