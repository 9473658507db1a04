// output.h: data to stdout, messages to stderr.
//
// Errors: a write to stdout that failed is found by finish(), once, at the end.
#pragma once

#include <string_view>

#include "control-plane/arrakisctl/present.h"
#include "control-plane/arrakisctl/result.h"

namespace arrakis::ctl {

void print(std::string_view data);
void note(std::string_view message);  // one line
void report(const Failure& failure);  // "error: what", "  fix: remedy"

Colour colour_of_stdout();  // yes on a terminal without NO_COLOR (no-color.org)

// Everything printed has arrived.
Result<void> finish();

}  // namespace arrakis::ctl
