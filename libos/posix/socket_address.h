// socket_address.h: struct sockaddr to and from an Endpoint, with Linux's answers to wrong ones.
#pragma once

#include <sys/socket.h>

#include "base/address.h"
#include "libos/posix/result.h"

namespace arrakis::posix {

enum class Family : std::uint8_t { v4, v6 };

// EINVAL: too short. `wrong_family`: the errno for another family than the socket's.
Result<Endpoint> read_address(Family family, const sockaddr* address, socklen_t length,
                              int wrong_family);
// Writes as much as *length allows, and sets it to what there was.
void write_address(Family family, const Endpoint& endpoint, sockaddr* address, socklen_t* length);

}  // namespace arrakis::posix
