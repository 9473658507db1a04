// wire_doorbell.h: how one end of a wire wakes the other, at one system call a sleep.
//
// The ends share a page with one flag each, "armed: ring me", and hold the two ends of a datagram
// socket pair, their bells. A sender looks at the peer's flag after each burst; only when it is up
// it takes it down and sends an empty datagram.
//
// No wake-up is lost: a sender publishes packets and then exchanges the flag; a sleeper exchanges
// the flag and then looks for packets. Every change of a flag is such a read-modify-write (acquire
// and release), so all of them stand in one order and each sees what came before the last. If the
// sender came first, the sleeper finds the packets; if the sleeper came first, the sender finds the
// flag up, takes it down and rings, once. A ring for a sleep that is over costs one early wake-up.
//
// Trust:   the peer may write anything into the page at any time. All that is ever read from it is
//          whether a flag is zero, and all that follows is a ring too many or a ring the peer has
//          chosen to miss. A bell is a datagram socket because each end has a file description of
//          its own (an eventfd's O_NONBLOCK could be taken off by the peer, and a full one would
//          then block who rings), and because a peer that goes, or shuts its end down, leaves no
//          end of file behind that would wake the sleeper for ever. The page must be sealed against
//          shrinking, or the peer could make a look at it fatal; attach() checks that.
// Threads: one at each end; the ends in one process or in two.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/error.h"
#include "extaris/netdev/descriptor.h"

namespace arrakis::extaris {

// What the two ends share. The daemon makes it: a zeroed memfd of one page with F_SEAL_SHRINK.
struct DoorbellPage {
  struct alignas(64) Flag {
    std::atomic<std::uint32_t> armed;
  };
  Flag ends[2];
};
static_assert(sizeof(DoorbellPage) == 128 && std::atomic<std::uint32_t>::is_always_lock_free);

class WireDoorbell {
 public:
  struct Options {
    Descriptor page;   // memfd of a DoorbellPage
    Descriptor bell;   // our end of socketpair(AF_UNIX, SOCK_DGRAM)
    unsigned end = 0;  // which flag is ours: 0 the server's, 1 the client's
  };
  static Outcome<WireDoorbell> attach(Options options);

  WireDoorbell(WireDoorbell&& other) noexcept;
  WireDoorbell& operator=(WireDoorbell&& other) noexcept;
  ~WireDoorbell();

  // After packets were published to the peer. One exchange when the peer is awake; its flag stays
  // in our cache until it sleeps.
  void ring() noexcept {
    if (page_->ends[1 - end_].armed.exchange(0, std::memory_order_acq_rel) != 0) send_ring();
  }
  // Rings whether or not the peer asked for it: "there is something new to look at".
  void wake_peer() noexcept {
    page_->ends[1 - end_].armed.exchange(0, std::memory_order_acq_rel);
    send_ring();
  }

  // Before the last look for packets.
  void arm() noexcept { page_->ends[end_].armed.exchange(1, std::memory_order_acq_rel); }
  // Takes the flag down, and the rings off the bell.
  void disarm() noexcept;

  // Readable once the peer has rung.
  int descriptor() const noexcept { return bell_.get(); }

 private:
  WireDoorbell(Options options, DoorbellPage* page) noexcept;
  void send_ring() noexcept;

  DoorbellPage* page_;
  unsigned end_;
  Descriptor bell_;
};

}  // namespace arrakis::extaris
