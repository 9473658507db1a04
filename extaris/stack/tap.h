// tap.h: a place from which every frame is seen that comes in by a device or leaves by it.
//
// Without a tap it costs one predictable branch a burst. What a tap sees of a frame that leaves is
// what the device gets: a checksum that the device computes is not in it yet.
// Threads: those of the stack.
#pragma once

#include <cstddef>
#include <cstdint>

#include "extaris/packet/burst.h"

namespace arrakis::extaris {

enum class Direction : std::uint8_t { in, out };

class Tap {
 public:
  // Looks at the frames from `first` on; they stay where they are.
  virtual void see(const Burst& burst, std::size_t first, Direction direction) noexcept = 0;

 protected:
  ~Tap() = default;
};

}  // namespace arrakis::extaris
