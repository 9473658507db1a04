// eal.h: DPDK's environment (EAL), brought up once a process so that packets have pools.
//
// Unprivileged and invisible: no root, no hugepages unless there are some to have, no files, no
// sockets, no PCI unless asked for, no threads, and the calling thread keeps its affinity.
#pragma once

#include <cstddef>
#include <string>

#include "base/error.h"

namespace arrakis::extaris {

struct EalOptions {
  std::size_t memory_mib = 64;  // taken from ordinary pages at start
  bool pci = false;             // functions may be plugged in later; none is touched now
};

// The first call decides; later ones find it up and succeed.
Outcome<void> start_eal(const EalOptions& options = {});

// Makes the calling thread one that EAL knows, for as long as this lives: pools then keep a cache
// of packets for it. Every thread that drives a device holds one; on the thread that called
// start_eal it changes nothing.
class EalThread {
 public:
  EalThread() noexcept;
  EalThread(const EalThread&) = delete;
  EalThread& operator=(const EalThread&) = delete;
  ~EalThread();

 private:
  bool registered_;
};

}  // namespace arrakis::extaris
