#include "bench/load/kernel_socket.h"

#include <arpa/inet.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace arrakis::bench {
namespace {

sockaddr_in ipv4(const Endpoint& endpoint) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(endpoint.port);
  std::memcpy(&address.sin_addr, endpoint.address.v4().bytes.data(), sizeof address.sin_addr);
  return address;
}

sockaddr_in6 ipv6(const Endpoint& endpoint) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(endpoint.port);
  std::memcpy(&address.sin6_addr, endpoint.address.v6().bytes.data(), sizeof address.sin6_addr);
  return address;
}

template <class Address>
bool connect_to(int fd, const Address& address) {
  return ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

Outcome<int> connecting_socket(const Endpoint& server) {
  return connected_socket(SOCK_STREAM | SOCK_NONBLOCK, server);
}

Outcome<int> connected_socket(int type, const Endpoint& server) {
  const auto because = [&](const char* what) {
    return fail(Error::Code::unavailable, "cannot " + std::string(what) + " " + server.to_string() +
                                              ": " + std::strerror(errno));
  };
  // One IPv6 socket for both families would make IPv4 pay for the mapping.
  const bool v4 = server.address.is_v4();
  const int fd = socket(v4 ? AF_INET : AF_INET6, type, 0);
  if (fd < 0) return because("open a socket for");
  if (v4 ? connect_to(fd, ipv4(server)) : connect_to(fd, ipv6(server))) return fd;
  if (errno == EINPROGRESS) return fd;
  auto failure = because("connect to");
  close(fd);
  return failure;
}

}  // namespace arrakis::bench
