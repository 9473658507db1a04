// bind_error.h: why an address and port cannot be had.
#pragma once

#include <cstdint>

namespace arrakis::extaris {

enum class BindError : std::uint8_t {
  address_in_use,         // EADDRINUSE
  address_not_available,  // EADDRNOTAVAIL: not an address of this stack
  no_ports,               // EAGAIN: every ephemeral port is taken
  too_many_sockets,       // EMFILE
};

}  // namespace arrakis::extaris
