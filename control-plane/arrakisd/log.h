// log.h: the daemon's log: lines on stderr, which the service manager keeps.
#pragma once

#include <string>

namespace arrakis::control {

// "debug", "info", "warn", "error", "off".
void start_log(const std::string& level);
void set_log_level(const std::string& level);

}  // namespace arrakis::control
