// packet.h: the owner of one packet buffer.
//
// A packet is one contiguous piece of memory: headers are pulled off its front while it rises
// through the stack and pushed back on when it goes down. It is an rte_mbuf underneath; only
// extaris/packet/, extaris/netdev/ and libos/runtime see what that looks like (bytes.h).
//
// Ownership: move-only. Whoever holds a Packet gives it back to its pool by dropping it; the device
//            takes it over in NetDevice::transmit.
// Threads:   one at a time, together with the pool it comes from.
#pragma once

#include <utility>

struct rte_mbuf;

namespace arrakis::extaris {

void give_back(rte_mbuf* mbuf) noexcept;

class Packet {
 public:
  Packet() = default;  // holds nothing
  explicit Packet(rte_mbuf* mbuf) noexcept : mbuf_{mbuf} {}
  Packet(Packet&& other) noexcept : mbuf_{std::exchange(other.mbuf_, nullptr)} {}
  Packet& operator=(Packet&& other) noexcept {
    Packet old{std::exchange(other.mbuf_, nullptr)};  // self-move and early release both right
    std::swap(mbuf_, old.mbuf_);
    return *this;
  }
  ~Packet() {
    if (mbuf_ != nullptr) give_back(mbuf_);
  }

  explicit operator bool() const noexcept { return mbuf_ != nullptr; }

  // Still owned by this object.
  rte_mbuf* mbuf() const noexcept { return mbuf_; }
  // No longer owned: the caller gives it back, or a device does.
  [[nodiscard]] rte_mbuf* release() && noexcept { return std::exchange(mbuf_, nullptr); }

 private:
  rte_mbuf* mbuf_ = nullptr;
};
static_assert(sizeof(Packet) == sizeof(void*));

}  // namespace arrakis::extaris
