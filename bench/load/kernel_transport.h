// kernel_transport.h: a Transport on a kernel socket, as fast as sockets allow: recvmmsg and
// sendmmsg in batches, never sleeping.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>

#include "base/address.h"
#include "base/error.h"
#include "bench/lib/echo_protocol.h"
#include "bench/lib/machine.h"

namespace arrakis::bench {

class KernelTransport {
 public:
  static Outcome<KernelTransport> connect(const Endpoint& server);
  KernelTransport(KernelTransport&& other) noexcept
      : fd_{std::exchange(other.fd_, -1)}, buffers_{std::move(other.buffers_)} {}
  KernelTransport& operator=(KernelTransport&&) = delete;
  ~KernelTransport();

  Instant now() const noexcept { return bench::now(); }

  template <class Handle>
  void poll(Handle&& handle) {
    const std::size_t count = receive();
    if (count == 0) return;
    const Instant seen = now();
    Batch& in = buffers_->received;
    for (std::size_t i = 0; i < count; ++i) {
      const std::span payload{in.bytes[i].data(), in.messages[i].msg_len};
      if (handle(seen, payload)) turn_round(payload);
    }
    flush();
  }

  template <class Fill>
  bool send(std::size_t bytes, Fill&& fill) {
    Batch& out = buffers_->own;
    if (buffers_->own_count == batch_max) flush();
    const std::size_t i = buffers_->own_count++;
    const std::span payload{out.bytes[i].data(), bytes};
    fill(payload);
    turn_round(payload);
    return true;
  }

  void flush() noexcept;

 private:
  static constexpr std::size_t batch_max = 64;
  struct Batch {
    std::array<mmsghdr, batch_max> messages{};
    std::array<iovec, batch_max> pieces{};
    std::array<std::array<std::byte, largest_payload>, batch_max> bytes{};
  };
  struct Buffers {
    Batch received;
    Batch own;  // requests that did not come from an answer
    std::size_t own_count = 0;
    std::array<mmsghdr, 2 * batch_max> outgoing{};
    std::array<iovec, 2 * batch_max> outgoing_pieces{};
    std::size_t outgoing_count = 0;
  };

  explicit KernelTransport(int fd);
  std::size_t receive() noexcept;
  void turn_round(std::span<std::byte> payload) noexcept;

  int fd_;
  std::unique_ptr<Buffers> buffers_;
};

}  // namespace arrakis::bench
