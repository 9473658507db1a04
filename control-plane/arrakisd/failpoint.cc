#include "control-plane/arrakisd/failpoint.h"

#include <csignal>
#include <cstdlib>

namespace arrakis::control {

Failpoints Failpoints::from_environment() {
  Failpoints failpoints;
  if (const char* name = std::getenv("ARRAKIS_FAILPOINT")) failpoints.chosen_ = name;
  return failpoints;
}

void Failpoints::reach(std::string_view name) const {
  if (!chosen_.empty() && chosen_ == name) (void)::raise(SIGKILL);
}

}  // namespace arrakis::control
