// queue_driver.h: real time, and a VNIC's queue that is driven by whoever waits.
//
// Of the threads that wait one drives: it polls for a while, then sleeps on the doorbell. The
// others sleep on bells of their own, and one of them takes over when the driver goes. While nobody
// waits a thread of the library looks in now and then (keep_house), so that a program that computes
// for long still answers the network.
//
// Threads:  all of it under the host's lock, but keep_house().
// Lifetime: as the process.
#pragma once

#include <atomic>
#include <vector>

#include "arrakis/queue.h"
#include "libos/posix/host.h"

namespace arrakis::posix {

class QueueDriver final : public Driver {
 public:
  explicit QueueDriver(Duration spin) : spin_{spin} {}

  // From here on there is a queue. `doorbell` is its own; to ask for it may make system calls,
  // which is not for here.
  void start(Host& host, Queue& queue, int doorbell);

  Instant now() override;
  void enter() override;
  void flush() override;
  Wake wait(Lock& lock, Sleeper& sleeper, Instant until, int kernel_fd) override;

  // For ever.
  void keep_house();

 private:
  struct Bed;

  // True: something came.
  bool poll(Instant now);
  Wake drive(Lock& lock, Bed& bed, Instant until);
  Wake sleep(Lock& lock, Bed& bed, Instant until, bool drives);
  void hand_over();

  const Duration spin_;
  Host* host_ = nullptr;
  Queue* queue_ = nullptr;
  int doorbell_ = -1;
  Instant last_poll_{};
  bool is_driven_ = false;
  std::vector<Bed*> beds_;
  std::vector<int> spare_bells_;
};

}  // namespace arrakis::posix
