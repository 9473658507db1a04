// congestion.h: congestion control as an interface of four functions, with three implementations.
// One of them lives in each control block; which is chosen when the connection is made.
//
// What is common, slow start and the window's bounds, stands in congestion.cc.
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>

#include "base/instant.h"
#include "base/seq.h"
#include "extaris/tcp/congestion_control.h"
#include "extaris/tcp/cubic.h"
#include "extaris/tcp/dctcp.h"
#include "extaris/tcp/new_reno.h"

namespace arrakis::extaris::tcp {

using CongestionState = std::variant<Cubic, NewReno, Dctcp>;

CongestionState make_congestion_state(CongestionControl which) noexcept;
std::string_view name_of(const CongestionState& state) noexcept;

struct ControlBlock;

// `bytes` were acknowledged for the first time while the window was the limit.
void grow_window(ControlBlock& c, std::uint32_t bytes, Instant now) noexcept;
// Loss, or ECN's echo of it: the new threshold (RFC 5681, equation 4 and its successors). The
// caller moves the window there.
std::uint32_t threshold_after_congestion(ControlBlock& c, Instant now, bool by_mark) noexcept;
// RFC 5681, 3.1: one segment, and whatever was learned of the path is doubtful.
void collapse_window(ControlBlock& c, Instant now) noexcept;
// RFC 6928.
std::uint32_t initial_window(std::uint32_t mss) noexcept;

}  // namespace arrakis::extaris::tcp
