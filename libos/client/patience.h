// patience.h: how the control thread waits: no answer is waited for longer than its time, and every
// wait ends when the application lets go.
//
// Threads: the control thread alone.
// Errors:  kj::Exception, as all of Cap'n Proto's waits.
#pragma once

#include <kj/async-io.h>
#include <kj/async-unix.h>
#include <kj/debug.h>

#include <cstdint>

#include "base/instant.h"

namespace arrakis::client {

class Patience {
 public:
  // `stop`: an eventfd, readable from the moment the application lets go; outlives this.
  Patience(kj::AsyncIoContext& io, int stop, Duration answer_time)
      : io_{io},
        observer_{io.unixEventPort, stop, kj::UnixEventPort::FdObserver::OBSERVE_READ},
        stopped_{observer_.whenBecomesReadable().then([this] { stopping_ = true; }).fork()},
        answer_time_{answer_time.ns * kj::NANOSECONDS} {}

  bool stopping() const { return stopping_; }

  // The answer to a request.
  template <class T>
  T answer(kj::Promise<T> promise) {
    return timer()
        .timeoutAfter(answer_time_, kj::mv(promise))
        .exclusiveJoin(stopped_.addBranch().then([]() -> kj::Promise<T> {
          return KJ_EXCEPTION(DISCONNECTED, "the application lets go");
        }))
        .wait(io_.waitScope);
  }

  // An answer that is nice to have when the application has let go already.
  template <class T>
  void last_words(kj::Promise<T> promise, Duration at_most) {
    timer()
        .timeoutAfter(at_most.ns * kj::NANOSECONDS, kj::mv(promise))
        .then([](auto&&) {}, [](kj::Exception&&) {})
        .wait(io_.waitScope);
  }

  // Until something happens or the application lets go.
  void until(kj::Promise<void> event) {
    event.exclusiveJoin(stopped_.addBranch()).wait(io_.waitScope);
  }
  void pause(Duration duration) { until(timer().afterDelay(duration.ns * kj::NANOSECONDS)); }

 private:
  kj::Timer& timer() { return io_.provider->getTimer(); }

  kj::AsyncIoContext& io_;
  kj::UnixEventPort::FdObserver observer_;
  kj::ForkedPromise<void> stopped_;
  kj::Duration answer_time_;
  bool stopping_ = false;
};

}  // namespace arrakis::client
