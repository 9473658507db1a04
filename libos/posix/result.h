// result.h: what a system call answers: a value, or the errno that Linux would have set.
#pragma once

#include <sys/types.h>

#include <cerrno>
#include <expected>
#include <type_traits>

namespace arrakis::posix {

enum class Errno : int {};

template <class T>
using Result = std::expected<T, Errno>;

constexpr std::unexpected<Errno> fail(int number) { return std::unexpected{Errno{number}}; }
constexpr bool is(Errno error, int number) { return error == Errno{number}; }

// As a function of libc says it: the value, or -1 and errno.
template <class T>
auto answer(const Result<T>& result) {
  using Answer = std::conditional_t<std::is_same_v<T, std::size_t>, ssize_t, int>;
  if (!result) {
    errno = static_cast<int>(result.error());
    return static_cast<Answer>(-1);
  }
  if constexpr (std::is_void_v<T>)
    return 0;
  else
    return static_cast<Answer>(*result);
}

}  // namespace arrakis::posix
