// polling_thread.h: makes a thread fit to drive queues.
//
//   std::thread worker{[&queue] {
//     const arrakis::PollingThread here;
//     for (;;) serve(queue, queue.wait());
//   }};
//
// The thread that attached needs none. Any other one that drives a queue holds one while it does:
// without it packets come and go without the thread's own cache of them, which is slower.
#pragma once

#include <memory>

namespace arrakis {

class PollingThread {
 public:
  PollingThread();
  PollingThread(const PollingThread&) = delete;
  PollingThread& operator=(const PollingThread&) = delete;
  ~PollingThread();  // on the same thread

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace arrakis
