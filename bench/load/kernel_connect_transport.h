// kernel_connect_transport.h: a Transport on kernel sockets, of which every request has a TCP
// connection of its own: opened for it, and closed by us when the answer has come.
#pragma once

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/address.h"
#include "bench/lib/machine.h"
#include "bench/lib/messages.h"
#include "bench/load/kernel_socket.h"

namespace arrakis::bench {

class KernelConnectTransport {
 public:
  // The server listens on so many ports: between two addresses that gives flows enough.
  static constexpr std::uint16_t ports = 8;

  explicit KernelConnectTransport(const Endpoint& server)
      : server_{server}, epoll_{epoll_create1(0)} {}
  KernelConnectTransport(const KernelConnectTransport&) = delete;
  KernelConnectTransport& operator=(const KernelConnectTransport&) = delete;
  ~KernelConnectTransport() { close(epoll_); }

  Instant now() const noexcept { return bench::now(); }

  template <class Handle>
  void poll(Handle&& handle) {
    const int count = epoll_wait(epoll_, events_.data(), events_max, 0);
    for (int i = 0; i < count; ++i) {
      const int fd = events_[static_cast<std::size_t>(i)].data.fd;
      Message message;
      const ssize_t got = read(fd, message.data(), message.size());
      if (got < 0 && (events_[static_cast<std::size_t>(i)].events & EPOLLOUT) != 0)
        ask(fd);  // connected by now
      if (got < 0) continue;
      const Instant seen = now();
      close(fd);  // which leaves the epoll set too
      if (got == static_cast<ssize_t>(message.size()) && handle(seen, std::span{message}))
        (void)begin(message);
    }
  }

  template <class Fill>
  bool send(std::size_t bytes, Fill&& fill) {
    Message request{};
    fill(std::span{request}.first(bytes));
    return begin(request);
  }

  void flush() noexcept {}

 private:
  using Message = std::array<std::byte, message_bytes>;
  static constexpr int events_max = 64;

  bool begin(const Message& request) {
    const auto port = static_cast<std::uint16_t>(server_.port + next_++ % ports);
    const auto fd = connecting_socket({server_.address, port});
    if (!fd) return false;
    const auto index = static_cast<std::size_t>(*fd);
    if (index >= requests_.size()) requests_.resize(index + 1);
    requests_[index] = request;
    // By edges: once when it is connected, and once when the answer is there.
    epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLET, .data = {.fd = *fd}};
    return epoll_ctl(epoll_, EPOLL_CTL_ADD, *fd, &event) == 0;
  }
  void ask(int fd) {
    const Message& request = requests_[static_cast<std::size_t>(fd)];
    (void)!::send(fd, request.data(), request.size(), MSG_NOSIGNAL);
  }

  Endpoint server_;
  int epoll_;
  std::vector<Message> requests_;  // by descriptor
  std::size_t next_ = 0;
  std::array<epoll_event, events_max> events_{};
};

}  // namespace arrakis::bench
