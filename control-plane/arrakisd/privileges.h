// privileges.h: what the daemon keeps of root's power after it has opened what only root may open.
#pragma once

#include "base/error.h"

namespace arrakis::control {

// An error, that says to use sudo, for a caller that lacks what keep_needed_privileges() keeps.
Outcome<void> require_privileges();

// Drops every other capability for good, and with it what a set-user-id program could give back.
Outcome<void> keep_needed_privileges();

}  // namespace arrakis::control
