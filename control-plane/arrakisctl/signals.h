// signals.h: the signals that end or steer a program, taken one by one instead of as interrupts.
//
// Threads:  one.
// Lifetime: from construction to destruction they are blocked in this process; a child that is to
//           live by them calls restore_in_child() before it execs.
#pragma once

#include <signal.h>

#include <optional>

namespace arrakis::ctl {

class Signals {
 public:
  Signals();  // HUP, INT, QUIT, TERM, USR1, USR2 (those that are not ignored), and CHLD
  ~Signals();
  Signals(const Signals&) = delete;

  // One that came meanwhile, CHLD aside.
  std::optional<int> take_pending();
  siginfo_t wait();

  void restore_in_child() const;

 private:
  sigset_t taken_{}, original_{};
  struct sigaction original_pipe_{};  // Cap'n Proto's event loop ignores SIGPIPE
};

}  // namespace arrakis::ctl
