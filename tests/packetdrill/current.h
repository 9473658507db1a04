// current.h: the world that runs, for those who are called without `userdata`: the functions of
// libc that this library replaces when it is preloaded as well, and the program `sysctl`.
//
// Threads: set by the script's own, read by any.
#pragma once

#include <atomic>

#include "tests/packetdrill/world.h"

namespace arrakis::packetdrill {

struct Current {
  std::atomic<World*> world{nullptr};
  int sysctls = -1;  // a file that the program `sysctl` appends to
};

// One a process: init may come again, and each time all begins anew.
Current& current();

}  // namespace arrakis::packetdrill
