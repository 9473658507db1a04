// bound_socket.h: the kernel socket of a server that others are compared with.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>

#include "base/error.h"

namespace arrakis::bench {

// What errno says of it.
inline std::unexpected<Error> port_error(const std::string& what, std::uint16_t port) {
  return fail(Error::Code::unavailable,
              "cannot " + what + " port " + std::to_string(port) + ": " + std::strerror(errno),
              "choose another with --port");
}

// On all addresses of both families. `type`: as for socket(2). The caller closes it.
inline Outcome<int> bound_socket(int type, std::uint16_t port) {
  const int fd = socket(AF_INET6, type, 0);
  if (fd < 0) return port_error("open a socket for", port);
  const int on = 1, off = 0;
  setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  // For datagrams it would let a second server take the port.
  if ((type & SOCK_STREAM) != 0) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  auto error = port_error("bind", port);
  close(fd);
  return error;
}

}  // namespace arrakis::bench
