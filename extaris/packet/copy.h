// copy.h: another packet with the same bytes.
#pragma once

#include <cstring>

#include "extaris/packet/bytes.h"
#include "extaris/packet/pool.h"

namespace arrakis::extaris {

// Holds nothing when the pool is used up, or its packets are too small.
inline Packet copy_of(const Packet& packet, PacketPool& pool) noexcept {
  Packet copy = pool.allocate();
  if (!copy || tailroom(copy) < size(packet)) return {};
  resize(copy, size(packet));
  std::memcpy(bytes(copy).data(), bytes(packet).data(), size(packet));
  return copy;
}

}  // namespace arrakis::extaris
