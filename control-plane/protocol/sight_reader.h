// sight_reader.h: a page (sight.h) as values, for a program that trusts its writer in nothing.
//
// REQUIRES: the bytes are the reader's own copy; what another process can still change is checked
//           in vain.
// Errors:   what cannot be, in words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "control-plane/protocol/sight.h"

namespace arrakis::sight {

template <class Record>
struct Page {
  std::vector<Record> records;
  std::optional<std::uint64_t> next_cursor;  // nothing: this was the last
};

// A page without records that is not the last is fine: a part of a table may be empty.
std::expected<Page<SocketRecord>, std::string_view> read_sockets(std::span<const std::byte> page);
// Some may be missing at the end: a writer of an older release has fewer.
std::expected<std::vector<std::uint64_t>, std::string_view> read_counters(
    std::span<const std::byte> page);

std::string_view to_string(SocketState state);      // as ss: "ESTAB", "LISTEN"
std::string_view to_string(Congestion congestion);  // "cubic"
std::string_view to_string(Timer timer);            // "retransmit"

}  // namespace arrakis::sight
