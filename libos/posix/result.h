// result.h: what a system call answers: a value, or the errno that Linux would have set.
#pragma once

#include <cerrno>
#include <expected>

namespace arrakis::posix {

enum class Errno : int {};

template <class T>
using Result = std::expected<T, Errno>;

constexpr std::unexpected<Errno> fail(int number) { return std::unexpected{Errno{number}}; }
constexpr bool is(Errno error, int number) { return error == Errno{number}; }

}  // namespace arrakis::posix
