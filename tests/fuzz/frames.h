// frames.h: frames as a script describes them: headers right, content chosen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/address.h"
#include "tests/fuzz/script.h"

namespace arrakis::fuzz {

using Bytes = std::vector<std::byte>;

inline constexpr MacAddress our_mac{{2, 0, 0, 0, 0, 1}};
inline constexpr Ipv4Address our_v4{{10, 0, 0, 1}};
inline constexpr Ipv6Address our_v6{{0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
inline constexpr std::uint16_t our_port = 7;

// The next frame of the script.
Bytes next_frame(Script& script);

// Whether what the stack sent is what a host may send. Aborts if not.
void must_be_well_formed(std::span<const std::byte> frame);

}  // namespace arrakis::fuzz
