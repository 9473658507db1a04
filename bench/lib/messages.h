// messages.h: requests in a stream. Over TCP all have one size, so who reads knows where one ends;
// a generator has one outstanding on a connection, so none is cut by a segment.
#pragma once

#include <cstddef>
#include <span>

#include "bench/lib/echo_protocol.h"

namespace arrakis::bench {

inline constexpr std::size_t message_bytes = smallest_payload;

// Each whole message of a piece of a stream.
void for_each_message(std::span<std::byte> text, auto&& visit) {
  for (; text.size() >= message_bytes; text = text.subspan(message_bytes))
    visit(text.first(message_bytes));
}

}  // namespace arrakis::bench
