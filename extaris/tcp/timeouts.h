// timeouts.h: what a connection does when one of its timers is due.
#pragma once

#include "extaris/tcp/connection.h"
#include "extaris/tcp/emitter.h"
#include "extaris/tcp/segment.h"

namespace arrakis::extaris::tcp {

// Runs every timer that is due. The connection may be CLOSED afterwards.
void run_timers(ControlBlock& c, Emitter& out, const Context& context) noexcept;

}  // namespace arrakis::extaris::tcp
