// loss.h: what is known of segments under way: acknowledged selectively (RFC 2018, RFC 6675), lost
// (RACK, RFC 8985; by counting duplicates where the peer has no SACK, RFC 6582), and how much may
// be sent while that is repaired (PRR, RFC 6937).
//
// All of it runs on the slow path: as soon as anything is marked, header prediction is not asked.
#pragma once

#include "extaris/tcp/connection.h"
#include "extaris/tcp/segment.h"

namespace arrakis::extaris::tcp {

// What one acknowledgment brought.
struct Delivery {
  std::uint32_t bytes = 0;    // acknowledged for the first time, cumulatively or selectively
  bool is_advance = false;    // SND.UNA moved
  bool is_duplicate = false;  // RFC 5681, 2
  bool has_dsack = false;     // RFC 2883: something arrived twice
};

// scoreboard.cc: marks what the blocks cover. True: one of them tells of a duplicate.
bool take_sack(ControlBlock& c, const Segment& s, const Context& context) noexcept;
// RFC 8985, 6.2, steps 1 and 2: `n` has been delivered.
void note_delivered(ControlBlock& c, const SegmentNotes& n, Instant now) noexcept;
// RFC 5682, 3.1, step 3b: `n` has been delivered, and if it was only sent before the timeout that
// called it lost, the timeout came too early.
inline void note_original(ControlBlock& c, const SegmentNotes& n) noexcept {
  if (c.loss.after_timeout && n.transmissions == 1 && (n.first + n.bytes).not_after(c.loss.point))
    c.loss.original_arrived = true;
}
// The same, steps 3 to 5: marks what was sent so long before that it must be lost. True: something
// was marked. Arms the reorder timer for what may yet turn out to be.
bool detect_losses(ControlBlock& c, const Context& context) noexcept;
// Everything that is not sacked counts as lost.
void mark_all_lost(ControlBlock& c) noexcept;
// What is under way and does not fit the path any more was dropped (RFC 1191, 6.4); that is no sign
// of congestion.
void mark_too_big_lost(ControlBlock& c) noexcept;
// What is under way is under way after all.
void mark_none_lost(ControlBlock& c) noexcept;

// recovery.cc: after each acknowledgment.
void recover(ControlBlock& c, const Segment& s, Delivery delivery, const Context& context) noexcept;
void enter_recovery(ControlBlock& c, const Context& context) noexcept;
// Remembers what to go back to, before the window is reduced.
void prepare_undo(ControlBlock& c, const Context& context) noexcept;

}  // namespace arrakis::extaris::tcp
