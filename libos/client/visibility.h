// visibility.h: what the control thread answers when arrakisd asks on behalf of somebody who looks:
// it puts the question to the queue's own thread, and waits for it a while.
//
// Threads:  the control thread alone.
// Lifetime: capabilities share it (kj::refcounted). The windows outlive it.
// Errors:   answers, not exceptions.
#pragma once

#include <kj/refcount.h>
#include <kj/timer.h>

#include <deque>
#include <string_view>

#include "base/error.h"
#include "base/instant.h"
#include "control-plane/protocol/arrakis.capnp.h"
#include "libos/client/window.h"

namespace arrakis::client {

class Visibility final : public kj::Refcounted, private kj::TaskSet::ErrorHandler {
 public:
  // How long a queue's thread may take to come by. It polls, sleeps on its doorbell, or computes.
  static constexpr auto answer_time = Duration::seconds(1);

  Visibility(kj::Timer& timer, std::deque<Window>& windows) : timer_{timer}, windows_{windows} {}
  KJ_DISALLOW_COPY(Visibility);

  protocol::Visible::Client capability();

  // nullptr: there is no such queue.
  Window* find(std::string_view vnic, std::uint16_t queue);
  // What became of a question, and its memory back.
  struct Answer {
    Outcome<void> outcome;
    extaris::Mapping memory;
  };
  kj::Promise<Answer> ask(Window& window, Question question, extaris::Mapping memory);
  // Ends a capture however long that takes; the memory stays until then.
  void end_capture(Window& window);

 private:
  kj::Promise<Answer> ask_until(Window& window, Question question, extaris::Mapping memory,
                                kj::TimePoint deadline);
  kj::Promise<Answer> wait_until(Window& window, kj::TimePoint deadline);
  kj::Promise<void> end_capture_at_last(Window& window);
  void taskFailed(kj::Exception&&) override {}

  kj::Timer& timer_;
  std::deque<Window>& windows_;
  kj::TaskSet tasks_{*this};
};

}  // namespace arrakis::client
