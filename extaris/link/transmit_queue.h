// transmit_queue.h: frames gather here and go to the device in one burst.
//
// Threads: those of the stack.
#pragma once

#include <utility>

#include "extaris/netdev/net_device.h"
#include "extaris/packet/burst.h"
#include "extaris/packet/bytes.h"
#include "extaris/stack/counters.h"
#include "extaris/stack/tap.h"

namespace arrakis::extaris {

class TransmitQueue {
 public:
  TransmitQueue(NetDevice& device, Counters& counters) noexcept
      : device_{device}, counters_{counters} {}

  // Room for one frame, at the price of a flush when there seems to be none.
  bool has_room() noexcept {
    if (burst_.full()) [[unlikely]]
      flush();
    return !burst_.full();
  }
  std::size_t room() const noexcept { return Burst::capacity - burst_.size(); }

  // False: the device does not keep up; the frame is dropped and counted.
  bool push(Packet&& frame) noexcept {
    if (!has_room()) [[unlikely]] {
      counters_.drop(Drop::transmit_full);
      const Packet dropped{std::move(frame)};
      return false;
    }
    ++counters_.transmitted_packets;
    counters_.transmitted_bytes += size(frame);
    burst_.append(std::move(frame));
    return true;
  }

  // What the device does not take stays here for the next time.
  void flush() noexcept {
    if (burst_.empty()) return;
    if (tap_ != nullptr) [[unlikely]]
      return flush_seen();
    device_.transmit(burst_);
  }

  // nullptr: nobody looks.
  void set_tap(Tap* tap) noexcept {
    tap_ = tap;
    seen_ = 0;
  }

 private:
  // What was left behind by the last flush has been seen then.
  [[gnu::noinline]] void flush_seen() noexcept {
    tap_->see(burst_, seen_, Direction::out);
    device_.transmit(burst_);
    seen_ = burst_.size();
  }

  NetDevice& device_;
  Counters& counters_;
  Tap* tap_ = nullptr;
  std::size_t seen_ = 0;  // of the burst, by the tap
  Burst burst_;
};

}  // namespace arrakis::extaris
