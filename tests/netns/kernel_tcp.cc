#include "tests/netns/kernel_tcp.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/big_endian.h"

namespace arrakis::test {
namespace {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = sizeof(sockaddr_in);
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

SocketAddress address_of(const char* address, std::uint16_t port) {
  SocketAddress result;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&result.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&result.storage);
  if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = be16_t{port}.raw();
    return result;
  }
  inet_pton(AF_INET6, address, &v6->sin6_addr);
  v6->sin6_family = AF_INET6;
  v6->sin6_port = be16_t{port}.raw();
  result.length = sizeof(sockaddr_in6);
  return result;
}

int open_socket(const SocketAddress& address) {
  return socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

}  // namespace

KernelTcp KernelTcp::connect(const char* address, std::uint16_t port) {
  const SocketAddress to = address_of(address, port);
  KernelTcp socket{open_socket(to)};
  (void)::connect(socket.fd_, to.get(), to.length);
  return socket;
}

KernelTcp KernelTcp::listen(const char* address, std::uint16_t port) {
  const SocketAddress at = address_of(address, port);
  KernelTcp socket{open_socket(at)};
  const int on = 1;
  (void)setsockopt(socket.fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (bind(socket.fd_, at.get(), at.length) != 0 || ::listen(socket.fd_, 1024) != 0)
    socket.error_ = errno;
  return socket;
}

KernelTcp::KernelTcp(KernelTcp&& other) noexcept
    : fd_{std::exchange(other.fd_, -1)}, error_{other.error_} {}

KernelTcp& KernelTcp::operator=(KernelTcp&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(error_, other.error_);
  return *this;
}

KernelTcp::~KernelTcp() {
  if (fd_ >= 0) close(fd_);
}

std::optional<KernelTcp> KernelTcp::accept() {
  const int fd = accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return std::nullopt;
  return KernelTcp{fd};
}

std::size_t KernelTcp::send(const std::vector<std::byte>& bytes) {
  const ssize_t count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (count >= 0) return static_cast<std::size_t>(count);
  if (errno != EAGAIN && errno != ENOTCONN) error_ = errno;
  return 0;
}

std::optional<std::vector<std::byte>> KernelTcp::receive() {
  std::vector<std::byte> buffer(65'536);
  const ssize_t count = recv(fd_, buffer.data(), buffer.size(), 0);
  if (count < 0) {
    if (errno != EAGAIN && errno != ENOTCONN) error_ = errno;
    return std::nullopt;
  }
  buffer.resize(static_cast<std::size_t>(count));
  return buffer;
}

int KernelTcp::error() {
  if (error_ != 0) return error_;
  socklen_t length = sizeof(error_);
  (void)getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error_, &length);
  return error_;
}

void KernelTcp::shut_sending() { (void)::shutdown(fd_, SHUT_WR); }

void KernelTcp::reset() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  (void)setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  close(std::exchange(fd_, -1));
}

}  // namespace arrakis::test
