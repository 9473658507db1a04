#include "bench/load/kernel_tcp_transport.h"

#include <fcntl.h>

#include "bench/load/kernel_socket.h"

namespace arrakis::bench {
namespace {

constexpr Duration patience = Duration::seconds(10);

}  // namespace

KernelTcpTransport::KernelTcpTransport(const Endpoint& server)
    : server_{server}, epoll_{epoll_create1(0)} {}

KernelTcpTransport::~KernelTcpTransport() {
  for (const int fd : connections_) close(fd);
  close(epoll_);
}

Outcome<void> KernelTcpTransport::connect(const Case& what) {
  const std::size_t count = what.connections();
  rotates_ = what.idle > 0;
  const Instant give_up = now() + patience;
  while (connections_.size() < count) {
    const auto fd = connected_socket(SOCK_STREAM, server_);
    if (!fd && connections_.empty() && now() < give_up) continue;  // the server still starts
    if (!fd) return std::unexpected(fd.error());
    connections_.push_back(*fd);
    fcntl(*fd, F_SETFL, O_NONBLOCK);
    epoll_event event{.events = EPOLLIN, .data = {.fd = *fd}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, *fd, &event);
  }
  return {};
}

}  // namespace arrakis::bench
