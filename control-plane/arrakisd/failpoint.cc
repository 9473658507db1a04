#include "control-plane/arrakisd/failpoint.h"

#include <csignal>
#include <cstdlib>

namespace arrakis::control {

Failpoints Failpoints::from_environment() {
  Failpoints failpoints;
  if (const char* name = std::getenv("ARRAKIS_FAILPOINT")) failpoints.chosen_ = name;
  if (const std::size_t colon = failpoints.chosen_.find(':'); colon != std::string::npos) {
    failpoints.times_left_ = std::atoi(failpoints.chosen_.c_str() + colon + 1);
    failpoints.chosen_.resize(colon);
  }
  return failpoints;
}

void Failpoints::reach(std::string_view name) {
  if (!chosen_.empty() && chosen_ == name && --times_left_ == 0) (void)::raise(SIGKILL);
}

}  // namespace arrakis::control
