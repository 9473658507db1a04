// drain.h: lets go of calls that were cancelled with their connections: the event loop would keep
// them until its own end, and they hold on to sessions and registry, which end before it.
//
// Lifetime: stands behind what such calls use, and before what serves them.
#pragma once

#include <kj/async.h>

namespace arrakis::control {

class Drain {
 public:
  explicit Drain(kj::WaitScope& scope) : scope_{scope} {}
  ~Drain() noexcept(false) { scope_.poll(); }
  KJ_DISALLOW_COPY(Drain);

 private:
  kj::WaitScope& scope_;
};

}  // namespace arrakis::control
