// schema.h: the tables, and how an older database becomes the present one.
#pragma once

#include "base/error.h"
#include "control-plane/state/sqlite.h"

namespace arrakis::control {

// Brings the database to the present version; refuses one that a newer arrakisd wrote.
Outcome<void> migrate(Database& database);

}  // namespace arrakis::control
