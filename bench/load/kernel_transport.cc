#include "bench/load/kernel_transport.h"

#include <unistd.h>

#include "bench/load/kernel_socket.h"

namespace arrakis::bench {
Outcome<KernelTransport> KernelTransport::connect(const Endpoint& server) {
  const auto fd = connected_socket(SOCK_DGRAM, server);
  if (!fd) return std::unexpected(fd.error());
  KernelTransport transport{*fd};
  const int room = 4 << 20;  // the kernel takes what net.core allows
  setsockopt(*fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  setsockopt(*fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  return transport;
}

KernelTransport::KernelTransport(int fd) : fd_{fd}, buffers_{std::make_unique<Buffers>()} {
  Batch& in = buffers_->received;
  for (std::size_t i = 0; i < batch_max; ++i) {
    in.pieces[i] = {in.bytes[i].data(), largest_payload};
    in.messages[i].msg_hdr.msg_iov = &in.pieces[i];
    in.messages[i].msg_hdr.msg_iovlen = 1;
  }
  for (std::size_t i = 0; i < buffers_->outgoing.size(); ++i) {
    buffers_->outgoing[i].msg_hdr.msg_iov = &buffers_->outgoing_pieces[i];
    buffers_->outgoing[i].msg_hdr.msg_iovlen = 1;
  }
}

KernelTransport::~KernelTransport() {
  if (fd_ >= 0) close(fd_);
}

// An error is an ICMP answer to something sent before (nobody listens yet): nothing came in.
std::size_t KernelTransport::receive() noexcept {
  const int count =
      recvmmsg(fd_, buffers_->received.messages.data(), batch_max, MSG_DONTWAIT, nullptr);
  return count > 0 ? static_cast<std::size_t>(count) : 0;
}

// Both sources fill at most one batch between two flushes, so there is room.
void KernelTransport::turn_round(std::span<std::byte> payload) noexcept {
  buffers_->outgoing_pieces[buffers_->outgoing_count++] = {payload.data(), payload.size()};
}

void KernelTransport::flush() noexcept {
  std::size_t done = 0;
  while (done < buffers_->outgoing_count) {
    const int sent = sendmmsg(fd_, &buffers_->outgoing[done],
                              static_cast<unsigned>(buffers_->outgoing_count - done), 0);
    // The error belongs to the first message (ICMP, or no room): it is lost, the others are not.
    done += sent > 0 ? static_cast<std::size_t>(sent) : 1;
  }
  buffers_->outgoing_count = 0;
  buffers_->own_count = 0;
}

}  // namespace arrakis::bench
