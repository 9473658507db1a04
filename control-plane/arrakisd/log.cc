#include "control-plane/arrakisd/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace arrakis::control {

void start_log(const std::string& level) {
  auto log = spdlog::stderr_color_st("arrakisd");
  log->set_pattern("%Y-%m-%dT%H:%M:%S.%e %n %l: %v");
  spdlog::set_default_logger(std::move(log));
  set_log_level(level);
}

void set_log_level(const std::string& level) { spdlog::set_level(spdlog::level::from_str(level)); }

}  // namespace arrakis::control
