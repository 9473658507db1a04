// byte_reader.h: the one cursor through which bytes from outside are read.
//
// Lifetime: borrows the bytes; what take() returns points into them.
#pragma once

#include <cstddef>
#include <span>
#include <type_traits>

namespace arrakis {

// What may be laid over bytes: no alignment, no padding, no invariant.
template <class T>
concept WireFormat = std::is_trivially_copyable_v<T> && alignof(T) == 1 &&
                     std::has_unique_object_representations_v<T>;

class ByteReader {
 public:
  explicit constexpr ByteReader(std::span<const std::byte> bytes) : rest_{bytes} {}

  // nullptr: truncated; nothing was taken.
  template <WireFormat T>
  const T* take() {
    if (rest_.size() < sizeof(T)) return nullptr;
    const auto* header = reinterpret_cast<const T*>(rest_.data());
    rest_ = rest_.subspan(sizeof(T));
    return header;
  }

  // False: fewer than `count` bytes are left; nothing was skipped.
  bool skip(std::size_t count) {
    if (rest_.size() < count) return false;
    rest_ = rest_.subspan(count);
    return true;
  }

  std::span<const std::byte> rest() const { return rest_; }

 private:
  std::span<const std::byte> rest_;
};

}  // namespace arrakis
