// waiting.h: a call that waits for news of one file or several.
#pragma once

#include <deque>

#include "libos/posix/calls.h"

namespace arrakis::posix {

class Calls::Waiting {
 public:
  Waiting(Host& host, Instant until) : host_{host}, until_{until} {}

  void add(File& file, std::uint32_t events) { file.add(watches_.emplace_back(sleeper_, events)); }

  // Nothing: look again. EAGAIN: too late. EINTR: a signal came.
  Result<void> wait(Lock& lock, int kernel_fd = -1) {
    // What gathered is part of what the peer waits for.
    host_.driver().flush();
    const Wake wake = host_.driver().wait(lock, sleeper_, until_, kernel_fd);
    sleeper_.rest();
    if (wake == Wake::late) return fail(EAGAIN);
    if (wake == Wake::interrupted) return fail(EINTR);
    return {};
  }

 private:
  struct SleepWatch final : Watch {
    SleepWatch(Sleeper& whose, std::uint32_t wanted) : sleeper{whose}, events{wanted} {}
    void hear(std::uint32_t news) override {
      if (news == 0 || (news & events) != 0) sleeper.wake();
    }
    void lose() override { sleeper.wake(); }

    Sleeper& sleeper;
    std::uint32_t events;
  };

  Host& host_;
  Instant until_;
  Sleeper sleeper_;
  std::deque<SleepWatch> watches_;
};

}  // namespace arrakis::posix
