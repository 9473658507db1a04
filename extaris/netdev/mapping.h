// mapping.h: the owner of a shared memory mapping.
//
// Ownership: move-only; unmaps when dropped.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <span>
#include <utility>

namespace arrakis::extaris {

class Mapping {
 public:
  Mapping() = default;  // holds nothing
  // Maps `length` bytes of `fd` from `offset`, to read and write. Holds nothing if that failed.
  static Mapping of(int fd, std::size_t length, off_t offset = 0) noexcept {
    void* memory =
        mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, offset);
    return memory == MAP_FAILED ? Mapping{} : Mapping{static_cast<std::byte*>(memory), length};
  }
  Mapping(Mapping&& other) noexcept : bytes_{std::exchange(other.bytes_, {})} {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Mapping() {
    if (!bytes_.empty()) munmap(bytes_.data(), bytes_.size());
  }

  explicit operator bool() const noexcept { return !bytes_.empty(); }
  std::span<std::byte> bytes() const noexcept { return bytes_; }

 private:
  Mapping(std::byte* memory, std::size_t length) noexcept : bytes_{memory, length} {}
  std::span<std::byte> bytes_;
};

}  // namespace arrakis::extaris
