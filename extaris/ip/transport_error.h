// transport_error.h: an ICMP error as the transport hears of it (RFC 1122, 3.2.2; RFC 4443, 2.4).
#pragma once

#include <cstdint>

#include "base/address.h"
#include "extaris/ip/send_error.h"

namespace arrakis::extaris {

struct TransportError {
  SocketError what;
  std::uint8_t protocol;
  Endpoint local;   // who sent what the error is about: we claim to have
  Endpoint remote;  // whom it was for
};

}  // namespace arrakis::extaris
