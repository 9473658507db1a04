// kernel_tcp_transport.h: a Transport on TCP sockets of the kernel's and epoll, never sleeping.
#pragma once

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "base/address.h"
#include "base/error.h"
#include "bench/lib/machine.h"
#include "bench/lib/messages.h"
#include "bench/load/measurement.h"

namespace arrakis::bench {

class KernelTcpTransport {
 public:
  explicit KernelTcpTransport(const Endpoint& server);
  KernelTcpTransport(const KernelTcpTransport&) = delete;
  KernelTcpTransport& operator=(const KernelTcpTransport&) = delete;
  ~KernelTcpTransport();

  // Until there are as many connections as the case wants.
  Outcome<void> connect(const Case& what);

  Instant now() const noexcept { return bench::now(); }

  template <class Handle>
  void poll(Handle&& handle) {
    const int count = epoll_wait(epoll_, events_.data(), events_max, 0);
    if (count <= 0) return;
    for (int i = 0; i < count; ++i) {
      const int fd = events_[static_cast<std::size_t>(i)].data.fd;
      const ssize_t got = read(fd, buffer_.data(), buffer_.size());
      if (got <= 0) continue;
      const Instant seen = now();
      // A connection that ends, or a full send buffer, shows as requests that are lost.
      for_each_message({buffer_.data(), static_cast<std::size_t>(got)},
                       [&](std::span<std::byte> message) {
                         if (handle(seen, message))
                           (void)!write(rotates_ ? next() : fd, message.data(), message.size());
                       });
    }
  }

  // On the next connection.
  template <class Fill>
  bool send(std::size_t bytes, Fill&& fill) {
    const std::span text{buffer_.data(), bytes};
    fill(text);
    return write(next(), text.data(), text.size()) == static_cast<ssize_t>(bytes);
  }

  void flush() noexcept {}

 private:
  static constexpr int events_max = 64;

  int next() noexcept { return connections_[next_++ % connections_.size()]; }

  Endpoint server_;
  int epoll_;
  std::vector<int> connections_;
  std::size_t next_ = 0;
  bool rotates_ = false;
  std::array<epoll_event, events_max> events_{};
  std::array<std::byte, 4096> buffer_{};
};

}  // namespace arrakis::bench
