// answer.h: who answers a call: ours (result.h has how), or the kernel, to which it goes on.
#pragma once

#include <sys/syscall.h>
#include <unistd.h>

#include "libos/posix/kernel.h"
#include "libos/posix/preload/machine.h"

namespace arrakis::posix {

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
