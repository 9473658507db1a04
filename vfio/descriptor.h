// descriptor.h: the owner of a file descriptor.
//
// Ownership: move-only; closes when dropped.
#pragma once

#include <unistd.h>

#include <utility>

namespace arrakis::vfio {

class Descriptor {
 public:
  Descriptor() = default;  // holds nothing
  explicit Descriptor(int fd) noexcept : fd_{fd} {}
  Descriptor(Descriptor&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { reset(); }

  explicit operator bool() const noexcept { return fd_ >= 0; }
  int get() const noexcept { return fd_; }
  void reset() noexcept {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

}  // namespace arrakis::vfio
