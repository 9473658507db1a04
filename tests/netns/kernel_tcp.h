// kernel_tcp.h: TCP sockets of the kernel that never block, and streams whose bytes are known.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace arrakis::test {

// Byte `i` of the stream called `name`.
inline std::byte byte_of(std::uint64_t name, std::size_t i) {
  const std::uint64_t word = name + i / 8 * 0x9e37'79b9'7f4a'7c15;
  return static_cast<std::byte>((word ^ (word >> 29)) >> (i % 8 * 8));
}

class KernelTcp {
 public:
  // Begins to connect.
  static KernelTcp connect(const char* address, std::uint16_t port);
  static KernelTcp listen(const char* address, std::uint16_t port);
  KernelTcp(KernelTcp&& other) noexcept;
  KernelTcp& operator=(KernelTcp&& other) noexcept;
  ~KernelTcp();

  std::optional<KernelTcp> accept();
  // The bytes taken; nothing: none now.
  std::size_t send(const std::vector<std::byte>& bytes);
  // Nothing: none now. Empty: the end. An error is in error().
  std::optional<std::vector<std::byte>> receive();
  // Of the last call, or of the connection (SO_ERROR).
  int error();
  void shut_sending();
  // Closes with a reset (SO_LINGER of 0).
  void reset();
  int fd() const { return fd_; }

 private:
  explicit KernelTcp(int fd) : fd_{fd} {}
  int fd_ = -1;
  int error_ = 0;
};

}  // namespace arrakis::test
