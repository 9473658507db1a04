// tool.h: arrakisctl from its arguments to its exit status.
#pragma once

#include <span>

namespace arrakis::ctl {

// Prints data to stdout and messages to stderr.
int run_tool(std::span<const char* const> arguments);  // with the tool's own name in front

}  // namespace arrakis::ctl
