// segment.h: a segment on its way into a connection: parsed, checked, small.
#pragma once

#include <cstdint>

#include "base/seq.h"
#include "extaris/packet/bytes.h"
#include "extaris/packet/packet.h"
#include "extaris/tcp/counters.h"
#include "extaris/tcp/memory.h"
#include "extaris/tcp/tick.h"
#include "extaris/wire/tcp.h"

namespace arrakis::extaris::tcp {

struct Segment {
  Seq seq;
  Seq ack;
  std::uint8_t flags;
  bool is_marked = false;   // congestion experienced (RFC 3168)
  bool is_stamped = false;  // has `timestamps`
  std::uint16_t window;     // as it stands in the header
  std::uint16_t urgent = 0;
  std::uint32_t bytes;  // of payload; what the packet shows
  TcpTimestamps timestamps{};
  const TcpOptions* options = nullptr;  // nullptr: none but, maybe, timestamps
  Packet text;                          // data is the payload

  bool has(std::uint8_t flag) const noexcept { return (flags & flag) != 0; }
  // SEG.LEN (RFC 9293, 3.3.1)
  std::uint32_t length() const noexcept {
    return bytes + (has(tcp_flag::syn) ? 1 : 0) + (has(tcp_flag::fin) ? 1 : 0);
  }
  Seq end() const noexcept { return seq + length(); }
};

// What the steps know of the world.
struct Context {
  Now now;
  TcpCounters& counters;
  Memory memory;
};

// What becomes of a segment after a step.
enum class Next : std::uint8_t {
  proceed,
  stop,         // seen to
  acknowledge,  // send an ACK now, and that is all
  challenge,    // ... as RFC 5961 limits them
  answer_syn,   // send SYN and ACK (again)
  reset,        // answer with RST (RFC 9293, 3.5.2), and that is all
  refuse,       // answer with RST; the connection is gone
  closed,       // the connection is gone
};

}  // namespace arrakis::extaris::tcp
