// doctor.h: what the daemon knows of its own health; its providers know of theirs.
#pragma once

#include <vector>

#include "control-plane/policy/policy.h"
#include "control-plane/providers/provider.h"

namespace arrakis::control {

// Changes nothing.
std::vector<Finding> diagnose_daemon(const Policy& policy);

}  // namespace arrakis::control
