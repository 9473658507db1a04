// launch.h: runs a program to its end, with a user's rights and no capability.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "control-plane/arrakisctl/privileges.h"
#include "control-plane/arrakisctl/result.h"
#include "control-plane/arrakisctl/signals.h"

namespace arrakis::ctl {

struct Program {
  std::vector<std::string> arguments;  // the first one is looked up in PATH
  std::optional<User> user;            // nothing: the caller
  std::vector<std::pair<std::string, std::string>> environment;  // beside the caller's
};

// The program's exit status, or 128 + the signal that ended it. Signals sent to this process go on
// to it; those of the terminal reach it anyhow, being in the same process group.
Result<int> launch(const Program& program, Signals& signals);

}  // namespace arrakis::ctl
