// tcp.h: TCP segments and their options (RFC 9293, 3.1 and 3.2; RFC 7323; RFC 2018).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>

#include "base/big_endian.h"
#include "base/byte_reader.h"
#include "base/seq.h"
#include "extaris/wire/checksum.h"
#include "extaris/wire/drop.h"

namespace arrakis::extaris {

struct TcpHeader {
  be16_t source_port;
  be16_t target_port;
  be32_t sequence;
  be32_t acknowledgment;
  std::uint8_t words_and_reserved;  // the header's length in 32-bit words in the upper four bits
  std::uint8_t flags;
  be16_t window;
  be16_t checksum;
  be16_t urgent;
};
static_assert(WireFormat<TcpHeader> && sizeof(TcpHeader) == 20);
static_assert(offsetof(TcpHeader, checksum) == 16);

namespace tcp_flag {
inline constexpr std::uint8_t fin = 0x01, syn = 0x02, rst = 0x04, psh = 0x08, ack = 0x10,
                              urg = 0x20, ece = 0x40, cwr = 0x80;
}  // namespace tcp_flag

namespace tcp_option {
inline constexpr std::uint8_t end = 0, no_operation = 1, maximum_segment_size = 2, window_scale = 3,
                              sack_permitted = 4, sack = 5, timestamps = 8, fast_open = 34;
inline constexpr std::size_t bytes_max = 40;
inline constexpr std::uint8_t window_scale_max = 14;  // RFC 7323, 2.3
inline constexpr std::size_t sack_blocks_max = 4;
inline constexpr std::size_t cookie_bytes_max = 16;  // RFC 7413, 4.1.1
}  // namespace tcp_option

struct TcpTimestamps {
  std::uint32_t value;
  std::uint32_t echo;
};

// Bytes that have arrived: [first, end).
struct SackBlock {
  Seq first;
  Seq end;
  friend constexpr bool operator==(const SackBlock&, const SackBlock&) = default;
};

struct TcpOptions {
  std::optional<std::uint16_t> maximum_segment_bytes;
  std::optional<std::uint8_t> window_scale;  // at most window_scale_max
  std::optional<TcpTimestamps> timestamps;
  bool sack_permitted = false;
  bool asks_for_cookie = false;  // TCP Fast Open with an empty cookie
  std::uint8_t sack_count = 0;
  std::array<SackBlock, tcp_option::sack_blocks_max> sack{};
  std::span<const std::byte> cookie;  // TCP Fast Open; borrowed

  std::span<const SackBlock> sack_blocks() const { return std::span{sack}.first(sack_count); }
};

struct TcpSegment {
  std::uint16_t source_port;
  std::uint16_t target_port;
  Seq sequence;
  Seq acknowledgment;
  std::uint8_t flags;
  std::uint16_t window;
  std::uint16_t urgent;
  std::uint16_t header_bytes;
  std::span<const std::byte> options;  // borrowed, as is the payload
  std::span<const std::byte> payload;
};

// The header is checked; the checksum is not, as it covers addresses that are not here.
std::expected<TcpSegment, Drop> parse_tcp(std::span<const std::byte> bytes) noexcept;

// What is malformed, and what follows it, counts as absent (RFC 9293, MUST-7: an illegal length
// must do no harm).
TcpOptions parse_tcp_options(std::span<const std::byte> bytes) noexcept;

// Options with their padding, ready to follow the header.
class TcpOptionWriter {
 public:
  TcpOptionWriter& maximum_segment_bytes(std::uint16_t bytes) noexcept;
  TcpOptionWriter& window_scale(std::uint8_t shift) noexcept;
  TcpOptionWriter& sack_permitted() noexcept;
  TcpOptionWriter& timestamps(const TcpTimestamps& stamps) noexcept;
  // Both without padding, as they fill twelve bytes: what the SYNs of Linux look like.
  TcpOptionWriter& sack_permitted_and(const TcpTimestamps& stamps) noexcept;
  // As many of the blocks as there is room for.
  TcpOptionWriter& sack(std::span<const SackBlock> blocks) noexcept;
  // RFC 7413, 4.1.1. Empty: asks for one.
  TcpOptionWriter& fast_open(std::span<const std::byte> cookie) noexcept;

  // A multiple of four bytes.
  std::span<const std::byte> bytes() const noexcept { return std::span{bytes_}.first(size_); }

 private:
  void put(std::uint8_t byte) noexcept { bytes_[size_++] = std::byte{byte}; }
  void put32(std::uint32_t word) noexcept;

  std::array<std::byte, tcp_option::bytes_max> bytes_;
  std::size_t size_ = 0;
};

// The one layout of options that data segments have when timestamps are in use (RFC 7323,
// appendix A): what the fast path knows.
struct TcpTimestampOption {
  be32_t kind_and_length;  // no-operation twice, then the option's own
  be32_t value;
  be32_t echo;

  static constexpr be32_t usual{0x0101'080a};
};
static_assert(WireFormat<TcpTimestampOption> && sizeof(TcpTimestampOption) == 12);

// The sum of the words of a header, from its fields: read back from memory, what was written in
// pieces would have to be waited for.
inline InternetSum sum_of(const TcpHeader& header) {
  return InternetSum{
      std::uint64_t{header.source_port.raw()} + header.target_port.raw() + header.sequence.raw() +
      header.acknowledgment.raw() +
      be16_t{static_cast<std::uint16_t>(header.words_and_reserved << 8 | header.flags)}.raw() +
      header.window.raw() + header.checksum.raw() + header.urgent.raw()};
}

// Field by field (load_store.h says why).
inline void write(TcpHeader& to, const TcpHeader& header) {
  to.source_port = header.source_port;
  to.target_port = header.target_port;
  to.sequence = header.sequence;
  to.acknowledgment = header.acknowledgment;
  to.words_and_reserved = header.words_and_reserved;
  to.flags = header.flags;
  to.window = header.window;
  to.checksum = header.checksum;
  to.urgent = header.urgent;
}

}  // namespace arrakis::extaris
