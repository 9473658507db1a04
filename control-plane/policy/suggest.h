// suggest.h: "did you mean ...?" for a name that does not exist.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace arrakis::control {

// The closest of `known`, or empty when none is close enough to be what was meant.
std::string_view closest(std::string_view name, std::span<const std::string_view> known);

// `did you mean "x"?`, or else `known here: "x", "y"`.
std::string suggestion(std::string_view name, std::span<const std::string_view> known);

}  // namespace arrakis::control
