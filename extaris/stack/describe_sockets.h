// describe_sockets.h: the tables of sockets as one list: listeners, connections, UDP.
#pragma once

#include <cstdint>
#include <optional>

#include "extaris/stack/socket_info.h"
#include "extaris/tcp/tcp_layer.h"
#include "extaris/udp/udp_layer.h"

namespace arrakis::extaris {

// As Stack says.
std::optional<std::uint64_t> describe_sockets(const TcpLayer& tcp, const UdpLayer& udp,
                                              std::uint64_t from, std::size_t places,
                                              SocketSink& sink) noexcept;

}  // namespace arrakis::extaris
