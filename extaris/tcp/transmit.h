// transmit.h: what a connection sends now, and why not more: windows, Nagle, silly windows, FIN,
// acknowledgments (RFC 9293, 3.8.6; RFC 5681; RFC 6675).
#pragma once

#include "extaris/tcp/connection.h"
#include "extaris/tcp/emitter.h"
#include "extaris/tcp/segment.h"

namespace arrakis::extaris::tcp {

// Sends whatever may leave, and the ACK that is owed if nothing carried it. False: the device does
// not keep up; call again after the next poll.
bool transmit(ControlBlock& c, Emitter& out, const Context& context) noexcept;

// A segment with nothing but what it acknowledges. False: the device does not keep up.
bool acknowledge(ControlBlock& c, Emitter& out) noexcept;

// The bytes that fit a segment, of the path's MTU, the peer's MSS and our options (RFC 6691).
void update_mss(ControlBlock& c) noexcept;

// The first segment of the queue again, whatever the windows say: timeouts and probes.
bool retransmit_one(ControlBlock& c, rte_mbuf* m, Emitter& out, const Context& context) noexcept;

// The next segment that has not left yet, whatever the congestion window says (RFC 8985, 7.3).
bool send_unsent(ControlBlock& c, Emitter& out, const Context& context) noexcept;

// Two packets of one, the second beginning after `bytes`. False: no packet left.
bool split(ControlBlock& c, rte_mbuf* m, std::uint32_t bytes, Emitter& out) noexcept;

}  // namespace arrakis::extaris::tcp
