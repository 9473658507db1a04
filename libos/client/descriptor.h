// descriptor.h: the owner of a file descriptor that arrakisd handed over.
//
// Ownership: move-only; closes what it holds.
#pragma once

#include <unistd.h>

#include <utility>

namespace arrakis::client {

class Descriptor {
 public:
  Descriptor() = default;  // holds nothing
  explicit Descriptor(int fd) noexcept : fd_{fd} {}
  Descriptor(Descriptor&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    Descriptor old{std::exchange(other.fd_, -1)};
    std::swap(fd_, old.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }

  explicit operator bool() const noexcept { return fd_ >= 0; }
  int get() const noexcept { return fd_; }  // still owned by this object
  [[nodiscard]] int release() && noexcept { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

}  // namespace arrakis::client
