// option.h: the value of a socket option on its way to and from the caller.
#pragma once

#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include "base/instant.h"
#include "libos/posix/result.h"

namespace arrakis::posix {

struct Option {
  int level;
  int name;
};

// What setsockopt() was given.
using OptionValue = std::span<const std::byte>;

template <class T>
  requires std::is_trivially_copyable_v<T>
Result<T> read_option(OptionValue value) {
  if (value.size() < sizeof(T)) return fail(EINVAL);
  T result;
  std::memcpy(&result, value.data(), sizeof(T));
  return result;
}

// What getsockopt() answers: as much as there is room for.
class OptionAnswer {
 public:
  explicit OptionAnswer(std::span<std::byte> room) : room_{room} {}

  template <class T>
    requires std::is_trivially_copyable_v<T>
  Result<void> put(const T& value) {
    size_ = std::min(room_.size(), sizeof(T));
    std::memcpy(room_.data(), &value, size_);
    return {};
  }
  Result<void> put_text(std::string_view text, std::size_t padded) {
    size_ = std::min(room_.size(), padded);
    std::memset(room_.data(), 0, size_);
    std::memcpy(room_.data(), text.data(), std::min(text.size(), size_));
    return {};
  }
  std::size_t size() const { return size_; }

 private:
  std::span<std::byte> room_;
  std::size_t size_ = 0;
};

}  // namespace arrakis::posix
