// tcp.h: TCP connections, listeners and their events under their public names. Documented where
// they are defined.
#pragma once

#include "extaris/tcp/tcp_buffer.h"
#include "extaris/tcp/tcp_connection.h"
#include "extaris/tcp/tcp_event.h"
#include "extaris/tcp/tcp_options.h"

namespace arrakis {

using extaris::ConnectError;
using extaris::TcpBuffer;
using extaris::TcpConnection;
using extaris::TcpConnectOptions;
using extaris::TcpError;
using extaris::TcpEvent;
using extaris::TcpInfo;
using extaris::TcpKeepalive;
using extaris::TcpListener;
using extaris::TcpListenOptions;
using extaris::TcpSendError;
using extaris::TcpSettings;
using extaris::tcp::CongestionControl;

}  // namespace arrakis
