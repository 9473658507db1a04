// invariants.h: for tests: what must be true of a control block whenever no segment is being worked
// on, whatever has happened to the connection.
#pragma once

#include <string_view>

#include "extaris/tcp/connection.h"
#include "extaris/tcp/tcp_connection.h"

namespace arrakis::extaris::tcp {

// The first one that does not hold; empty: all do.
std::string_view broken_invariant(const ControlBlock& c) noexcept;

// Sees what an application does not.
struct Inspector {
  static const ControlBlock& block_of(const TcpConnection& connection) noexcept {
    return *connection.block_;
  }
};

}  // namespace arrakis::extaris::tcp
