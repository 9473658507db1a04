// daemon.h: arrakisd, put together: policy, lock, state, kernel, privileges, event loop.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "control-plane/arrakisd/failpoint.h"
#include "control-plane/policy/policy.h"
#include "control-plane/providers/provider.h"

namespace arrakis::control {

// What differs between the program and its test double.
struct Build {
  // `policy`: which cards are ours.
  std::function<std::vector<std::unique_ptr<Provider>>(const Policy& policy,
                                                       const Failpoints& failpoints)>
      make_providers;
  bool needs_privileges = true;
};

// Returns the exit status of the process.
int run_daemon(int argc, char** argv, const Build& build);

}  // namespace arrakis::control
