// socket_info.h: every socket of a stack, as `ss` lists them.
#pragma once

#include <cstdint>

#include "base/address.h"
#include "extaris/tcp/tcp_info.h"

namespace arrakis::extaris {

struct SocketInfo {
  enum class Kind : std::uint8_t { tcp_listener, tcp_connection, udp };
  Kind kind;
  Endpoint local;   // address any: all of ours
  Endpoint remote;  // port 0: none
  // TCP: bytes not yet read; a listener: connections that wait for accept(); UDP: datagrams.
  std::uint32_t receive_queue;
  // TCP: bytes not yet acknowledged; a listener: how many may wait.
  std::uint32_t send_queue;
  TcpInfo tcp;  // of a connection
};

class SocketSink {
 public:
  virtual void take(const SocketInfo& socket) noexcept = 0;

 protected:
  ~SocketSink() = default;
};

}  // namespace arrakis::extaris
