#include "extaris/wire/ipv6.h"

#include "extaris/wire/protocol.h"

namespace arrakis::extaris {
namespace {

// A packet that needs more has no honest reason to (RFC 8504, 5.3 allows such a limit).
constexpr int extension_headers_max = 16;

struct ExtensionHeader {
  std::uint8_t next_header;
  std::uint8_t extra_units;  // length in units of 8 bytes, not counting the first
};
static_assert(WireFormat<ExtensionHeader> && sizeof(ExtensionHeader) == 2);

struct RoutingHeader {
  std::uint8_t next_header;
  std::uint8_t extra_units;
  std::uint8_t type;
  std::uint8_t segments_left;
};
static_assert(WireFormat<RoutingHeader> && sizeof(RoutingHeader) == 4);

// RFC 4443, 3.4
namespace parameter_problem {
constexpr std::uint8_t erroneous_field = 0;
constexpr std::uint8_t unknown_next_header = 1;
constexpr std::uint8_t unknown_option = 2;
}  // namespace parameter_problem

Ipv6Problem malformed() { return {.why = Drop::bad_option}; }

// RFC 8200, 4.2. `at`: where `options` starts, from the start of the IPv6 header.
std::expected<void, Ipv6Problem> check_options(std::span<const std::byte> options, std::size_t at) {
  std::size_t i = 0;
  while (i < options.size()) {
    const auto type = static_cast<std::uint8_t>(options[i]);
    if (type == 0) {  // Pad1
      ++i;
      continue;
    }
    if (i + 1 >= options.size()) return std::unexpected(malformed());
    const std::size_t length = static_cast<std::uint8_t>(options[i + 1]);
    if (length > options.size() - i - 2) return std::unexpected(malformed());
    const unsigned action = type >> 6;  // all but padding is unknown to us
    if (type != 1 && action != 0)
      return std::unexpected(Ipv6Problem{.why = Drop::bad_option,
                                         .report = action >= 2,
                                         .report_multicast = action == 2,
                                         .code = parameter_problem::unknown_option,
                                         .pointer = static_cast<std::uint32_t>(at + i)});
    i += 2 + length;
  }
  return {};
}

class Walk {
 public:
  explicit Walk(const Ipv6Packet& packet) : payload_{packet.payload}, next_{packet.next_header} {}

  std::expected<Ipv6Upper, Ipv6Problem> run() {
    for (int i = 0; i < extension_headers_max; ++i) {
      switch (next_) {
        case protocol::hop_by_hop:
          if (at_ != 0)  // only directly after the IPv6 header (RFC 8200, 4.1)
            return std::unexpected(Ipv6Problem{.why = Drop::bad_option,
                                               .report = true,
                                               .code = parameter_problem::unknown_next_header,
                                               .pointer = pointer_to(next_at_)});
          [[fallthrough]];
        case protocol::destination_options:
          if (const auto ok = options(); !ok) return std::unexpected(ok.error());
          break;
        case protocol::routing:
          if (const auto ok = routing(); !ok) return std::unexpected(ok.error());
          break;
        case protocol::fragment: return fragment();
        default:
          return Ipv6Upper{.protocol = next_,
                           .chain_bytes = static_cast<std::uint16_t>(at_),
                           .named_at = pointer_to(next_at_)};
      }
    }
    return std::unexpected(malformed());
  }

 private:
  static constexpr std::size_t not_in_chain = ~std::size_t{0};

  // From the start of the IPv6 header; its own next-header field stands at 6.
  std::uint32_t pointer_to(std::size_t chain_offset) const {
    return chain_offset == not_in_chain
               ? static_cast<std::uint32_t>(offsetof(Ipv6Header, next_header))
               : static_cast<std::uint32_t>(sizeof(Ipv6Header) + chain_offset);
  }

  // The whole header at at_; empty: it is longer than the packet.
  std::span<const std::byte> header() const {
    const auto rest = payload_.subspan(at_);
    const auto* start = ByteReader{rest}.take<ExtensionHeader>();
    if (start == nullptr) return {};
    const std::size_t bytes = 8 + std::size_t{start->extra_units} * 8;
    return bytes <= rest.size() ? rest.first(bytes) : std::span<const std::byte>{};
  }

  void step(std::span<const std::byte> header) {
    next_ = static_cast<std::uint8_t>(header[0]);
    next_at_ = at_;
    at_ += header.size();
  }

  std::expected<void, Ipv6Problem> options() {
    const auto whole = header();
    if (whole.empty()) return std::unexpected(Ipv6Problem{.why = Drop::truncated});
    constexpr std::size_t fixed = sizeof(ExtensionHeader);
    auto ok = check_options(whole.subspan(fixed), pointer_to(at_) + fixed);
    if (ok) step(whole);
    return ok;
  }

  // RFC 8200, 4.4: we know no routing type, and type 0 is forbidden (RFC 5095).
  std::expected<void, Ipv6Problem> routing() {
    const auto whole = header();
    if (whole.empty()) return std::unexpected(Ipv6Problem{.why = Drop::truncated});
    if (ByteReader{whole}.take<RoutingHeader>()->segments_left != 0)
      return std::unexpected(Ipv6Problem{
          .why = Drop::bad_option,
          .report = true,
          .code = parameter_problem::erroneous_field,
          .pointer = pointer_to(at_) + static_cast<std::uint32_t>(offsetof(RoutingHeader, type))});
    step(whole);
    return {};
  }

  std::expected<Ipv6Upper, Ipv6Problem> fragment() const {
    const auto* header = ByteReader{payload_.subspan(at_)}.take<Ipv6FragmentHeader>();
    if (header == nullptr) return std::unexpected(Ipv6Problem{.why = Drop::truncated});
    const std::uint16_t field = header->offset_and_more.host();
    return Ipv6Upper{.protocol = protocol::fragment,
                     .chain_bytes = static_cast<std::uint16_t>(at_ + sizeof(Ipv6FragmentHeader)),
                     .named_at = pointer_to(at_),
                     .is_fragment = true,
                     .next_header = header->next_header,
                     .more_fragments = (field & ipv6::more_fragments) != 0,
                     .fragment_offset = static_cast<std::uint16_t>(field & ipv6::offset_mask),
                     .identification = header->identification.host()};
  }

  std::span<const std::byte> payload_;
  std::uint8_t next_;
  std::size_t at_ = 0;                  // of the header that next_ names
  std::size_t next_at_ = not_in_chain;  // of the header that held next_
};

}  // namespace

std::expected<Ipv6Packet, Drop> parse_ipv6(std::span<const std::byte> bytes) {
  ByteReader in{bytes};
  const auto* header = in.take<Ipv6Header>();
  if (header == nullptr) return std::unexpected(Drop::truncated);
  if (header->version_class_flow.host() >> 28 != 6) return std::unexpected(Drop::bad_version);
  const std::size_t payload = header->payload_bytes.host();  // jumbograms (RFC 2675): not for us
  if (payload > in.rest().size()) return std::unexpected(Drop::truncated);
  return Ipv6Packet{header->source,
                    header->target,
                    header->next_header,
                    header->hop_limit,
                    traffic_class_of(*header),
                    in.rest().first(payload)};
}

std::expected<Ipv6Upper, Ipv6Problem> walk_extensions(const Ipv6Packet& packet) {
  return Walk{packet}.run();
}

}  // namespace arrakis::extaris
