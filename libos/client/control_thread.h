// control_thread.h: what the control thread does, and what it shares with the rest of the program.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <future>
#include <mutex>
#include <vector>

#include "base/error.h"
#include "extaris/netdev/descriptor.h"
#include "libos/client/client.h"
#include "libos/client/window.h"

namespace arrakis::client {

// Events wait for the application here. When it never looks, the oldest go.
class EventQueue {
 public:
  static constexpr std::size_t capacity = 256;

  void push(VnicEvent event);
  std::optional<VnicEvent> take();

 private:
  std::atomic<bool> any_{false};  // may be true for an empty queue, never false for a full one
  std::mutex mutex_;
  std::deque<VnicEvent> events_;
};

// Written by the control thread, read by others; `stop` the other way round.
struct Shared {
  Descriptor stop;  // eventfd: readable from the moment the application lets go
  EventQueue events;
  std::deque<Window> windows;  // one a queue; made before the attachment is answered
  std::atomic<bool> connected{false};
  std::atomic<std::uint64_t> restorations{0};
};

using Attachment = std::promise<Outcome<std::vector<VnicGrant>>>;

// The thread's main function: attaches, answers through `attachment`, then keeps the session until
// the application lets go. Returns at once when attaching failed.
void run_control_thread(const ClientOptions& options, Shared& shared, Attachment attachment);

}  // namespace arrakis::client
