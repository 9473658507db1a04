// describe.h: a connection for people. A function of the control block; changes nothing.
#pragma once

#include "extaris/tcp/connection.h"
#include "extaris/tcp/tcp_info.h"
#include "extaris/tcp/tick.h"

namespace arrakis::extaris::tcp {

TcpInfo describe(const ControlBlock& c, Tick now) noexcept;

}  // namespace arrakis::extaris::tcp
