#include "control-plane/arrakisctl/pcapng.h"

#include <algorithm>
#include <array>
#include <bit>
#include <string_view>

namespace arrakis::ctl::pcapng {
namespace {

static_assert(std::endian::native == std::endian::little, "as the magic number of a section says");

constexpr std::uint32_t section_header_type = 0x0a0d'0d0a;
constexpr std::uint32_t interface_type = 1, statistics_type = 5, enhanced_packet_type = 6;
constexpr std::uint16_t link_ethernet = 1;  // LINKTYPE_ETHERNET
constexpr std::size_t text_bytes_max = 1024;

// A block while it is written: everything in it is a multiple of 32 bits (3.1).
class Block {
 public:
  explicit Block(std::uint32_t type) { add(type).add(std::uint32_t{0}); }

  template <class T>
  Block& add(T number) {
    const auto bytes = bytes_of(number);
    bytes_.append(bytes.data(), bytes.size());
    return *this;
  }
  // Times and the like come as two words, the upper one first.
  Block& add_time(std::uint64_t ns) {
    return add(static_cast<std::uint32_t>(ns >> 32)).add(static_cast<std::uint32_t>(ns));
  }
  Block& add_padded(std::string_view text) { return add_padded(std::as_bytes(std::span{text})); }
  Block& add_padded(std::span<const std::byte> bytes) {
    for (const std::byte byte : bytes) bytes_.push_back(static_cast<char>(byte));
    bytes_.append((4 - bytes_.size() % 4) % 4, '\0');
    return *this;
  }
  // 3.5
  Block& option(std::uint16_t code, std::string_view value) {
    value = value.substr(0, text_bytes_max);
    return add(code).add(static_cast<std::uint16_t>(value.size())).add_padded(value);
  }
  template <class T>
  Block& option_number(std::uint16_t code, T number) {
    const auto bytes = bytes_of(number);
    return option(code, {bytes.data(), bytes.size()});
  }
  Block& option_time(std::uint16_t code, std::uint64_t ns) {
    return option_number(code, ns << 32 | ns >> 32);
  }
  Bytes finish() {
    add(std::uint32_t{0});  // opt_endofopt
    const auto length = static_cast<std::uint32_t>(bytes_.size() + sizeof(std::uint32_t));
    std::ranges::copy(bytes_of(length), bytes_.begin() + sizeof(std::uint32_t));
    add(length);
    return std::move(bytes_);
  }

 private:
  template <class T>
  static std::array<char, sizeof(T)> bytes_of(T number) {
    return std::bit_cast<std::array<char, sizeof(T)>>(number);
  }

  Bytes bytes_;
};

}  // namespace

Bytes section_header(const std::string& program) {
  constexpr std::uint32_t byte_order_magic = 0x1a2b'3c4d;
  constexpr std::uint16_t major = 1, minor = 0, shb_userappl = 4;
  constexpr std::int64_t length_unknown = -1;
  return Block{section_header_type}
      .add(byte_order_magic)
      .add(major)
      .add(minor)
      .add(length_unknown)
      .option(shb_userappl, program)
      .finish();
}

Bytes interface(const std::string& name, const std::string& description, std::uint32_t snap_bytes) {
  constexpr std::uint16_t if_name = 2, if_description = 3, if_tsresol = 9;
  constexpr std::uint8_t nanoseconds = 9;  // a power of ten
  return Block{interface_type}
      .add(link_ethernet)
      .add(std::uint16_t{0})
      .add(snap_bytes)
      .option(if_name, name)
      .option(if_description, description)
      .option_number(if_tsresol, nanoseconds)
      .finish();
}

Bytes enhanced_packet(const Frame& frame) {
  constexpr std::uint16_t epb_flags = 2;
  constexpr std::uint32_t inbound = 1, outbound = 2;
  return Block{enhanced_packet_type}
      .add(frame.interface)
      .add_time(frame.time_ns)
      .add(static_cast<std::uint32_t>(frame.bytes.size()))
      .add(frame.original_bytes)
      .add_padded(frame.bytes)
      .option_number(epb_flags, frame.is_outgoing ? outbound : inbound)
      .finish();
}

Bytes interface_statistics(const Statistics& statistics) {
  constexpr std::uint16_t isb_starttime = 2, isb_endtime = 3, isb_ifrecv = 4, isb_ifdrop = 5;
  return Block{statistics_type}
      .add(statistics.interface)
      .add_time(statistics.end_ns)
      .option_time(isb_starttime, statistics.begin_ns)
      .option_time(isb_endtime, statistics.end_ns)
      .option_number(isb_ifrecv, statistics.received)
      .option_number(isb_ifdrop, statistics.dropped)
      .finish();
}

}  // namespace arrakis::ctl::pcapng
