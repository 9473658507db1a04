// complain.h: an error of set-up, for the person who started the program.
#pragma once

#include "base/error.h"

namespace arrakis::bench {

// Prints the error and its remedy on stderr; returns an exit status for main.
int complain(const Error& error);

}  // namespace arrakis::bench
