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
  scarce,     // nothing is kept out of order: the peer sends it again when its turn has come; and
  reserved,   // each queue of a connection gets its share: who hoards waits, everybody else goes on
  exhausted,  // what is left is for ACKs: no text is kept, or lent to write
};

// How many packets a connection may have received and not given back, or sent and not had
// acknowledged, before it gets no more.
constexpr std::uint16_t share_of(Memory memory) {
  switch (memory) {
    case Memory::ample: return limits::received_packets_max;
    case Memory::scarce: return limits::scarce_packets_max;
    case Memory::reserved: return limits::reserved_packets_max;
    case Memory::exhausted: return 0;
  }
  return 0;
}

class MemoryWatch {
 public:
  explicit MemoryWatch(const PacketPool& pool) noexcept
      : pool_{pool},
        scarce_below_{pool.capacity() / limits::memory_scarce_part},
        reserved_below_{pool.capacity() / limits::memory_reserved_part},
        exhausted_below_{pool.capacity() / limits::memory_exhausted_part},
        look_every_{pool.capacity() / limits::memory_look_part} {}

  Memory state() const noexcept { return state_; }

  // After each burst, and whenever the application takes a packet: `taken` counts those it took and
  // those received. To see what is left costs as much as a segment, so it is done for so many at a
  // time while there is plenty.
  void follow(std::uint64_t taken) noexcept {
    if (state_ == Memory::ample && taken - seen_ < look_every_) [[likely]]
      return;
    seen_ = taken;
    look();
  }

 private:
  void look() noexcept {
    const std::size_t left = pool_.available();
    state_ = left < exhausted_below_  ? Memory::exhausted
             : left < reserved_below_ ? Memory::reserved
             : left < scarce_below_   ? Memory::scarce
                                      : Memory::ample;
  }

  const PacketPool& pool_;
  std::size_t scarce_below_;
  std::size_t reserved_below_;
  std::size_t exhausted_below_;
  std::uint64_t look_every_;
  std::uint64_t seen_ = 0;
  Memory state_ = Memory::ample;
};

}  // namespace arrakis::extaris::tcp
