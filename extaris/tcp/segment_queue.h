// segment_queue.h: packets in the order of their sequence numbers, linked through their notes: what
// was sent and is not acknowledged, what has arrived and was not read, what waits for a gap.
//
// One word: the last packet; its `next` is the first one (a ring). An empty connection costs no
// more than that.
// Ownership: owns what is in it, but is a trivial type, as it lives in a control block: clear() it.
#pragma once

#include <cstdint>
#include <utility>

#include "base/instant.h"
#include "base/seq.h"
#include "extaris/packet/notes.h"
#include "extaris/packet/packet.h"

namespace arrakis::extaris::tcp {

// What became of a segment we sent (RFC 6675, RFC 8985).
namespace fate {
inline constexpr std::uint8_t sacked = 1, lost = 2, retransmitted = 4, pushed = 8;
}

struct SegmentNotes {
  rte_mbuf* next;
  Instant sent_at;             // of the last transmission
  Seq first;                   // sequence number of the first byte
  std::uint16_t bytes;         // of payload, the last ones in the packet's data
  std::uint8_t fate;           // bits of the namespace above
  std::uint8_t transmissions;  // 0: not yet sent
};

inline SegmentNotes& notes_of(rte_mbuf* m) noexcept { return notes<SegmentNotes>(m); }
inline Seq end_of(rte_mbuf* m) noexcept {
  const SegmentNotes& n = notes_of(m);
  return n.first + n.bytes;
}

class SegmentQueue {
 public:
  bool empty() const noexcept { return last_ == nullptr; }
  rte_mbuf* last() const noexcept { return last_; }
  // nullptr: empty.
  rte_mbuf* first() const noexcept { return last_ == nullptr ? nullptr : notes_of(last_).next; }
  // nullptr: that was the last one.
  rte_mbuf* after(rte_mbuf* m) const noexcept { return m == last_ ? nullptr : notes_of(m).next; }

  void push_back(Packet&& packet) noexcept { insert_after(last_, std::move(packet)); }
  void push_front(Packet&& packet) noexcept {
    rte_mbuf* m = std::move(packet).release();
    if (last_ == nullptr) {
      notes_of(m).next = m;
      last_ = m;
      return;
    }
    notes_of(m).next = notes_of(last_).next;
    notes_of(last_).next = m;
  }
  // `before`: nullptr only when the queue is empty.
  void insert_after(rte_mbuf* before, Packet&& packet) noexcept {
    if (before == nullptr) return push_front(std::move(packet));
    rte_mbuf* m = std::move(packet).release();
    notes_of(m).next = notes_of(before).next;
    notes_of(before).next = m;
    if (before == last_) last_ = m;
  }
  // REQUIRES: !empty().
  Packet pop_front() noexcept {
    rte_mbuf* m = notes_of(last_).next;
    if (m == last_)
      last_ = nullptr;
    else
      notes_of(last_).next = notes_of(m).next;
    return Packet{m};
  }
  // Takes out the one behind `before`. REQUIRES: there is one, `before` not being the last.
  Packet take_after(rte_mbuf* before) noexcept {
    rte_mbuf* m = notes_of(before).next;
    notes_of(before).next = notes_of(m).next;
    if (m == last_) last_ = before;
    return Packet{m};
  }
  void clear() noexcept {
    while (!empty()) pop_front();
  }

 private:
  rte_mbuf* last_;  // no initializer: control blocks lie in memory that is zero
};
static_assert(std::is_trivial_v<SegmentQueue> && sizeof(SegmentQueue) == 8);

}  // namespace arrakis::extaris::tcp
