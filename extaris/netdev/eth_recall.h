// eth_recall.h: the kernel wants a PCI function back from the process that drives it: it is being
// unplugged, or given to somebody else. VFIO asks by an interrupt and waits, for as long as it
// takes.
//
// Every queue of the port notices at its next burst and leaves; the last one to leave stops the
// port and lets the function go. A queue that nobody polls keeps it.
//
// Threads:  asked() from any; leave() from the thread of each queue, once.
// Lifetime: that of the port; the queues are gone or silent when it ends.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

namespace arrakis::extaris {

class EthRecall {
 public:
  // An empty name: a port that nobody asks back. `bells`: eventfds that wake who sleeps.
  EthRecall(std::uint16_t port, std::string function, std::uint16_t queues, std::vector<int> bells);
  EthRecall(const EthRecall&) = delete;
  EthRecall& operator=(const EthRecall&) = delete;
  ~EthRecall();

  bool asked() const noexcept { return asked_.load(std::memory_order_relaxed); }
  void leave() noexcept;
  // REQUIRES: the queues are silent.
  bool given_back() const noexcept { return staying_.load(std::memory_order_acquire) == 0; }

  // What VFIO's request leads to; tests call it.
  void ask() noexcept;

 private:
  const std::uint16_t port_;
  const std::string function_;
  const std::vector<int> bells_;
  bool is_watched_ = false;
  std::atomic<bool> asked_{false};      // tells nothing but itself: relaxed
  std::atomic<std::uint16_t> staying_;  // released by each queue, acquired by the last
};

}  // namespace arrakis::extaris
