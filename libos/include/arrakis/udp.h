// udp.h: UDP sockets and datagrams under their public names. Documented where they are defined.
#pragma once

#include "extaris/udp/datagram.h"
#include "extaris/udp/udp_socket.h"

namespace arrakis {

using extaris::BindError;
using extaris::Datagram;
using extaris::SendError;
using extaris::SocketError;
using extaris::UdpSocket;

}  // namespace arrakis
