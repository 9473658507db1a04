// icmp_news.h: what a received ICMP error means to the transport whose packet it quotes.
#pragma once

#include <expected>

#include "extaris/ip/icmp.h"
#include "extaris/wire/drop.h"
#include "extaris/wire/icmpv4.h"
#include "extaris/wire/icmpv6.h"

namespace arrakis::extaris {

// The drop: malformed, or an error that means nothing to transports.
std::expected<IcmpNews, Drop> read_error(const Icmpv4Message& message) noexcept;
std::expected<IcmpNews, Drop> read_error(const Icmpv6Message& message) noexcept;

}  // namespace arrakis::extaris
