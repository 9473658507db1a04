// counter_values.h: the stack's counters in the order of control-plane/protocol/counter_table.h.
#pragma once

#include <array>
#include <cstdint>

#include "control-plane/protocol/counter_table.h"
#include "extaris/stack/stack.h"

namespace arrakis::runtime {

using CounterValues = std::array<std::uint64_t, sight::counter_table.size()>;

CounterValues counter_values(const extaris::Stack& stack) noexcept;

}  // namespace arrakis::runtime
