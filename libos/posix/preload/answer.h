// answer.h: how a function of libc answers: a value, or -1 and errno; and how what is not ours goes
// on to the kernel.
#pragma once

#include <sys/types.h>

#include <type_traits>

#include "libos/posix/kernel.h"
#include "libos/posix/preload/machine.h"

namespace arrakis::posix {

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

// To the kernel; the answer is as wide as the function's.
template <class Answer = int, class... Arguments>
Answer pass(long number, Arguments... arguments) {
  return static_cast<Answer>(::syscall(number, arguments...));
}

// nullptr: that descriptor is Linux's.
inline Calls* owner(int fd) {
  Machine* machine = Machine::get();
  if (machine == nullptr || !machine->calls().may_be_ours(fd)) return nullptr;
  return &machine->calls();
}

}  // namespace arrakis::posix
