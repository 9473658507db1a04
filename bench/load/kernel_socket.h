// kernel_socket.h: a socket of the kernel's that has a peer.
#pragma once

#include <sys/socket.h>

#include "base/address.h"
#include "base/error.h"

namespace arrakis::bench {

// `type`: SOCK_DGRAM or SOCK_STREAM; a stream's handshake is over. The caller closes it.
Outcome<int> connected_socket(int type, const Endpoint& server);

// A stream's, which does not block, and whose handshake has begun.
Outcome<int> connecting_socket(const Endpoint& server);

}  // namespace arrakis::bench
