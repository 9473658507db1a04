// driver.h: where a host's time comes from, and who moves its packets while a call waits.
//
// Two of them: real time and a VNIC's queue (what is preloaded), and virtual time (tests).
#pragma once

#include <cstdint>
#include <mutex>

#include "base/instant.h"

namespace arrakis::posix {

using Lock = std::unique_lock<std::mutex>;

// A thread that waits. `wake()` comes under the lock.
class Sleeper {
 public:
  Sleeper() = default;
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;

  void wake() {
    if (is_awake_) return;
    is_awake_ = true;
    if (bell_ != nullptr) bell_->ring();
  }
  // What woke it was not what it waits for.
  void rest() { is_awake_ = false; }
  bool is_awake() const { return is_awake_; }

  // How the driver that has put it to sleep wakes it.
  class Bell {
   public:
    virtual void ring() = 0;

   protected:
    ~Bell() = default;
  };
  void hang(Bell* bell) { bell_ = bell; }

 private:
  Bell* bell_ = nullptr;
  bool is_awake_ = false;
};

enum class Wake : std::uint8_t { woken, late, interrupted };

inline constexpr Instant never{INT64_MAX};

class Driver {
 public:
  virtual Instant now() = 0;
  // A call begins: what has arrived is taken and what is due is done, unless that was a moment ago.
  virtual void enter() = 0;
  // What gathered is sent, before a call returns.
  virtual void flush() = 0;
  // Gives up the lock until `sleeper` is awake, or `until`, or a signal came, or `kernel_fd` (-1:
  // none) is readable, which counts as woken.
  virtual Wake wait(Lock& lock, Sleeper& sleeper, Instant until, int kernel_fd) = 0;

 protected:
  ~Driver() = default;
};

}  // namespace arrakis::posix
