// xdp_rings.h: the four rings an AF_XDP socket shares with the kernel, seen from our side.
//
// Single producer, single consumer, free-running 32-bit indices (Linux, net/xdp/xsk_queue.h). Each
// index has one writer; the other side reads it. The pairs:
//
//   producer ring (fill, transmit)        we write entries, then release the producer index;
//                                         the kernel acquires it, and releases the consumer index
//                                         once it has read them; we acquire that before writing
//                                         anew
//   consumer ring (completion, receive)   the same with the sides exchanged
//
// Indices are cached, so the shared lines are touched once a batch, not once an entry.
// Lifetime: borrows the mapping. Threads: one.
#pragma once

#include <linux/if_xdp.h>

#include <algorithm>
#include <cstdint>

namespace arrakis::extaris {

// Where the parts of one mapped ring are.
template <class Entry>
struct XdpRingView {
  std::uint32_t* producer;
  std::uint32_t* consumer;
  const std::uint32_t* flags;
  Entry* entries;
  std::uint32_t size;  // power of two

  Entry& at(std::uint32_t index) const { return entries[index & (size - 1)]; }
  bool needs_wakeup() const {
    return (__atomic_load_n(flags, __ATOMIC_RELAXED) & XDP_RING_NEED_WAKEUP) != 0;
  }
};

// We produce: fill, transmit. First room(), then put() as often as that allows, then publish().
template <class Entry>
class XdpProducer {
 public:
  explicit XdpProducer(XdpRingView<Entry> ring)
      : ring_{ring}, next_{*ring.producer}, limit_{*ring.consumer + ring.size} {}

  // How many entries can be put; at least `wanted` unless the kernel lags behind.
  std::uint32_t room(std::uint32_t wanted) {
    if (limit_ - next_ < wanted)
      limit_ = __atomic_load_n(ring_.consumer, __ATOMIC_ACQUIRE) + ring_.size;
    return std::min(limit_ - next_, ring_.size);
  }
  void put(const Entry& entry) { ring_.at(next_++) = entry; }
  void publish() { __atomic_store_n(ring_.producer, next_, __ATOMIC_RELEASE); }

  // Entries the kernel has not taken yet.
  std::uint32_t pending() const {
    return next_ - __atomic_load_n(ring_.consumer, __ATOMIC_ACQUIRE);
  }
  bool needs_wakeup() const { return ring_.needs_wakeup(); }

 private:
  XdpRingView<Entry> ring_;
  std::uint32_t next_;   // what we will publish
  std::uint32_t limit_;  // the consumer as last seen, and the size
};

// We consume: receive, completion. First ready(), then take() as often, then release().
template <class Entry>
class XdpConsumer {
 public:
  explicit XdpConsumer(XdpRingView<Entry> ring)
      : ring_{ring}, next_{*ring.consumer}, limit_{next_} {}

  std::uint32_t ready() {
    if (limit_ == next_) limit_ = __atomic_load_n(ring_.producer, __ATOMIC_ACQUIRE);
    return std::min(limit_ - next_, ring_.size);
  }
  Entry take() { return ring_.at(next_++); }
  // The entry `ahead` places on; what it names may be prefetched. REQUIRES: ahead < ready().
  const Entry& peek(std::uint32_t ahead) const { return ring_.at(next_ + ahead); }
  void release() { __atomic_store_n(ring_.consumer, next_, __ATOMIC_RELEASE); }

 private:
  XdpRingView<Entry> ring_;
  std::uint32_t next_;
  std::uint32_t limit_;
};

}  // namespace arrakis::extaris
