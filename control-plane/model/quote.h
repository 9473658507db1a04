// quote.h: foreign text inside a message for a person.
//
// A message is one line and a terminal obeys escape sequences, so text that came from a client, a
// file or the daemon is never printed as it is. quote("a\nb") is "\"a\\x0ab\"".
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace arrakis::control {

inline constexpr std::size_t quoted_bytes_max = 64;  // of the text; what is longer ends in "..."

// Between double quotes, cut after quoted_bytes_max, all but printable ASCII as \xNN.
std::string quote(std::string_view text);

// The whole text, without quotes, with every control character (C0 and DEL) as \xNN. UTF-8 stays.
std::string one_line(std::string_view text);

}  // namespace arrakis::control
