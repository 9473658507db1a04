#include "bench/load/kernel_transport.h"

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

Outcome<KernelTransport> KernelTransport::connect(const Endpoint& server) {
  const auto because = [&](const char* what) {
    return fail(Error::Code::unavailable, "cannot " + std::string(what) + " " + server.to_string() +
                                              ": " + std::strerror(errno));
  };
  // One IPv6 socket for both families would make IPv4 pay for the mapping.
  const bool v4 = server.address.is_v4();
  const int fd = socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM, 0);
  if (fd < 0) return because("open a socket for");
  KernelTransport transport{fd};
  const bool connected = v4 ? connect_to(fd, ipv4(server)) : connect_to(fd, ipv6(server));
  if (!connected) return because("connect to");
  const int room = 4 << 20;  // the kernel takes what net.core allows
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
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
