// xdp_socket.h: makes an AF_XDP socket whose memory and rings another process will map.
#pragma once

#include <cstdint>

#include "base/error.h"
#include "control-plane/providers/provider.h"

namespace arrakis::control::xdp {

// Largest MTU: with the kernel's headroom a frame must fit a page, in UMEM and in XDP alike.
inline constexpr std::uint16_t mtu_bytes_max = 3400;

// Fresh, zeroed, sealed memory; a socket bound to the queue in copy mode. Nothing of either stays
// mapped here.
Outcome<XdpQueueGrant> open_xdp_socket(unsigned netdev, std::uint16_t queue,
                                       std::uint16_t mtu_bytes);

// Frames that found the receive or the fill ring wanting since the socket was made.
std::uint64_t ring_full(int socket);

}  // namespace arrakis::control::xdp
