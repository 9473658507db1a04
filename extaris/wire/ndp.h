// ndp.h: Neighbor Discovery messages (RFC 4861, 4.3, 4.4, 4.6) inside ICMPv6.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>

#include "base/address.h"
#include "base/big_endian.h"
#include "base/byte_reader.h"
#include "extaris/wire/checksum.h"
#include "extaris/wire/drop.h"
#include "extaris/wire/icmpv6.h"
#include "extaris/wire/ipv6.h"
#include "extaris/wire/protocol.h"

namespace arrakis::extaris {

struct NdpLinkAddressOption {
  std::uint8_t type;   // 1: of the source, 2: of the target
  std::uint8_t units;  // of 8 bytes: 1 on Ethernet
  MacAddress mac;
};
static_assert(WireFormat<NdpLinkAddressOption> && sizeof(NdpLinkAddressOption) == 8);

namespace ndp {
inline constexpr std::uint8_t source_link_address = 1;
inline constexpr std::uint8_t target_link_address = 2;
inline constexpr std::uint32_t router = 0x8000'0000;
inline constexpr std::uint32_t solicited = 0x4000'0000;
inline constexpr std::uint32_t override = 0x2000'0000;
}  // namespace ndp

struct NdpSolicitation {
  Ipv6Address target;
  std::optional<MacAddress> source_mac;
};

struct NdpAdvertisement {
  Ipv6Address target;
  bool solicited;
  bool override;
  std::optional<MacAddress> target_mac;
};

// What surrounds the message, for the checks of RFC 4861, 7.1.
struct NdpEnvelope {
  Ipv6Address source;
  Ipv6Address target;
  std::uint8_t hop_limit;
};

std::expected<NdpSolicitation, Drop> parse_solicitation(const Icmpv6Message& message,
                                                        const NdpEnvelope& envelope);
std::expected<NdpAdvertisement, Drop> parse_advertisement(const Icmpv6Message& message,
                                                          const NdpEnvelope& envelope);

// A whole IPv6 packet with a solicitation or an advertisement and one link address option.
struct NdpPacket {
  Ipv6Header ip;
  Icmpv6Header icmp;
  Ipv6Address target;
  NdpLinkAddressOption option;
};
static_assert(WireFormat<NdpPacket> && sizeof(NdpPacket) == 72);

struct NdpFields {
  std::uint8_t type;
  std::uint32_t flags;  // of an advertisement
  Ipv6Address source;
  Ipv6Address target;  // of the packet
  Ipv6Address about;   // whom it is about
  MacAddress mac;      // ours
};
NdpPacket emit_ndp(const NdpFields& fields);

}  // namespace arrakis::extaris
