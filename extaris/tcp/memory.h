// memory.h: how much of the pool is left that received packets, sent ones and the device's ring all
// come from. Without a bound one peer whose data nobody reads could keep the last buffer, and with
// it every other connection of the queue.
//
// Threads: those of the stack. Lifetime: borrows the pool.
#pragma once

#include <cstdint>

#include "extaris/packet/pool.h"
#include "extaris/tcp/limits.h"

namespace arrakis::extaris::tcp {

enum class Memory : std::uint8_t {
  ample,
  scarce,    // nothing is kept out of order: the peer sends it again when its turn has come
  reserved,  // what is left is for ACKs and for what completes: no text is kept, or lent to write
};

class MemoryWatch {
 public:
  explicit MemoryWatch(const PacketPool& pool) noexcept
      : pool_{pool},
        scarce_below_{pool.capacity() / limits::memory_scarce_part},
        reserved_below_{pool.capacity() / limits::memory_reserved_part} {}

  Memory state() const noexcept { return state_; }

  // After each burst. To count what is left costs as much as a segment, so it is done for so many
  // at a time while there is plenty.
  void follow(std::uint64_t segments_received) noexcept {
    if (state_ == Memory::ample && segments_received - seen_ < limits::memory_look_every) return;
    seen_ = segments_received;
    look();
  }

 private:
  void look() noexcept {
    const std::size_t left = pool_.available();
    state_ = left < reserved_below_ ? Memory::reserved
             : left < scarce_below_ ? Memory::scarce
                                    : Memory::ample;
  }

  const PacketPool& pool_;
  std::size_t scarce_below_;
  std::size_t reserved_below_;
  std::uint64_t seen_ = 0;
  Memory state_ = Memory::ample;
};

}  // namespace arrakis::extaris::tcp
