// protocol.h: the numbers by which IP names what it carries (IANA, Protocol Numbers).
#pragma once

#include <cstdint>

namespace arrakis::extaris::protocol {

inline constexpr std::uint8_t hop_by_hop = 0;
inline constexpr std::uint8_t icmpv4 = 1;
inline constexpr std::uint8_t tcp = 6;
inline constexpr std::uint8_t udp = 17;
inline constexpr std::uint8_t routing = 43;
inline constexpr std::uint8_t fragment = 44;
inline constexpr std::uint8_t icmpv6 = 58;
inline constexpr std::uint8_t no_next_header = 59;
inline constexpr std::uint8_t destination_options = 60;

}  // namespace arrakis::extaris::protocol
