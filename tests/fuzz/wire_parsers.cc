// Bytes as each thing that may come from the network; the first byte chooses the parser.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "extaris/wire/arp.h"
#include "extaris/wire/checksum.h"
#include "extaris/wire/ethernet.h"
#include "extaris/wire/icmpv4.h"
#include "extaris/wire/icmpv6.h"
#include "extaris/wire/ipv4.h"
#include "extaris/wire/ipv6.h"
#include "extaris/wire/ndp.h"
#include "extaris/wire/quote.h"
#include "extaris/wire/udp.h"

namespace arrakis::extaris {
namespace {

using Bytes = std::span<const std::byte>;

// What a parser returns must lie inside what it was given; reading it proves it to ASan.
void must_lie_inside(Bytes part, Bytes whole) {
  if (part.empty()) return;
  if (part.data() < whole.data() || part.data() + part.size() > whole.data() + whole.size())
    std::abort();
  (void)sum_words(part);
}

void ethernet(Bytes bytes) {
  if (const auto frame = parse_ethernet(bytes)) must_lie_inside(frame->payload, bytes);
}

void arp(Bytes bytes) {
  const auto message = parse_arp(bytes);
  if (!message) return;
  const ArpHeader again = emit_arp(*message);
  if (!std::ranges::equal(std::as_bytes(std::span{&again, 1}), bytes.first(sizeof(again))))
    std::abort();
}

void ipv4(Bytes bytes) {
  const auto packet = parse_ipv4(bytes, Verify::no);
  if (!packet) return;
  must_lie_inside(packet->payload, bytes);
  if (packet->header_bytes + packet->payload.size() > bytes.size()) std::abort();
}

void ipv6(Bytes bytes) {
  const auto packet = parse_ipv6(bytes);
  if (!packet) return;
  must_lie_inside(packet->payload, bytes);
  const auto upper = walk_extensions(*packet);
  if (!upper) {
    if (upper.error().report && upper.error().pointer >= bytes.size()) std::abort();
    return;
  }
  must_lie_inside(packet->payload.subspan(upper->chain_bytes), bytes);
}

void udp(Bytes bytes) {
  if (const auto segment = parse_udp(bytes)) must_lie_inside(segment->payload, bytes);
}

void icmp(Bytes bytes) {
  if (const auto v4 = parse_icmpv4(bytes)) must_lie_inside(v4->body, bytes);
  const auto v6 = parse_icmpv6(bytes);
  if (!v6) return;
  must_lie_inside(v6->body, bytes);
  const NdpEnvelope envelope{{{0xfe, 0x80}}, {{0xfe, 0x80}}, 255};
  (void)parse_solicitation(*v6, envelope);
  (void)parse_advertisement(*v6, envelope);
}

void quote(Bytes bytes) {
  const auto quote = parse_quote(bytes);
  if (!quote) return;
  must_lie_inside(quote->transport, bytes);
  (void)quoted_ports(*quote);
  (void)is_icmp_error(*quote);
}

constexpr void (*parsers[])(Bytes) = {ethernet, arp, ipv4, ipv6, udp, icmp, quote};

}  // namespace

void parse_one(std::uint8_t which, Bytes bytes) { parsers[which % std::size(parsers)](bytes); }

}  // namespace arrakis::extaris

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto input = std::as_bytes(std::span{data, size});
  const std::vector<std::byte> exact(input.begin() + 1, input.end());  // ASan sees where it ends
  arrakis::extaris::parse_one(data[0], exact);
  return 0;
}
