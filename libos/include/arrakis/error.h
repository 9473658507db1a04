// error.h: errors of set-up. What arrives on the data path is an enum per call (udp.h, tcp.h).
#pragma once

#include "arrakis/tcp.h"
#include "arrakis/udp.h"
#include "base/error.h"

namespace arrakis {

// Writes "error: message" and "  fix: remedy" to stderr. Returns an exit status other than 0, so
// that a program's main can `return report(error);`.
int report(const Error& error);
int report(BindError error);
int report(ConnectError error);

}  // namespace arrakis
