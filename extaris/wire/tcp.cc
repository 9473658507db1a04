#include "extaris/wire/tcp.h"

#include <algorithm>
#include <cstring>

#include "extaris/wire/load_store.h"

namespace arrakis::extaris {
namespace {

// One option behind its kind and length.
struct Option {
  std::uint8_t kind;
  std::span<const std::byte> value;

  std::uint16_t half(std::size_t at) const { return load<be16_t>(value.data() + at).host(); }
  std::uint32_t word(std::size_t at) const { return load<be32_t>(value.data() + at).host(); }
};

// Takes one option off the front. Nothing: the end, or malformed.
std::optional<Option> next_option(std::span<const std::byte>& rest) {
  while (!rest.empty() && rest[0] == std::byte{tcp_option::no_operation}) rest = rest.subspan(1);
  if (rest.size() < 2 || rest[0] == std::byte{tcp_option::end}) return std::nullopt;
  const std::size_t length = std::to_integer<std::size_t>(rest[1]);
  if (length < 2 || length > rest.size()) return std::nullopt;
  const Option option{std::to_integer<std::uint8_t>(rest[0]), rest.subspan(2, length - 2)};
  rest = rest.subspan(length);
  return option;
}

void read_sack(const Option& option, TcpOptions& into) {
  if (option.value.size() % 8 != 0) return;
  const std::size_t count = std::min(option.value.size() / 8, into.sack.size());
  for (std::size_t i = 0; i < count; ++i)
    into.sack[i] = {Seq{option.word(8 * i)}, Seq{option.word(8 * i + 4)}};
  into.sack_count = static_cast<std::uint8_t>(count);
}

void read_fast_open(const Option& option, TcpOptions& into) {
  if (option.value.empty()) into.asks_for_cookie = true;
  // RFC 7413, 4.1.1: 4 to 16 bytes, an even number.
  if (option.value.size() >= 4 && option.value.size() <= tcp_option::cookie_bytes_max &&
      option.value.size() % 2 == 0)
    into.cookie = option.value;
}

}  // namespace

std::expected<TcpSegment, Drop> parse_tcp(std::span<const std::byte> bytes) noexcept {
  ByteReader in{bytes};
  const auto* header = in.take<TcpHeader>();
  if (header == nullptr) return std::unexpected(Drop::truncated);
  const std::size_t header_bytes = std::size_t{4} * (header->words_and_reserved >> 4);
  if (header_bytes < sizeof(TcpHeader) || header_bytes > bytes.size())
    return std::unexpected(Drop::bad_length);
  return TcpSegment{.source_port = header->source_port.host(),
                    .target_port = header->target_port.host(),
                    .sequence = Seq{header->sequence.host()},
                    .acknowledgment = Seq{header->acknowledgment.host()},
                    .flags = header->flags,
                    .window = header->window.host(),
                    .urgent = header->urgent.host(),
                    .header_bytes = static_cast<std::uint16_t>(header_bytes),
                    .options = bytes.subspan(sizeof(TcpHeader), header_bytes - sizeof(TcpHeader)),
                    .payload = bytes.subspan(header_bytes)};
}

TcpOptions parse_tcp_options(std::span<const std::byte> bytes) noexcept {
  TcpOptions options;
  while (const auto option = next_option(bytes)) {
    const std::size_t size = option->value.size();
    switch (option->kind) {
      case tcp_option::maximum_segment_size:
        if (size == 2) options.maximum_segment_bytes = option->half(0);
        break;
      case tcp_option::window_scale:
        if (size == 1)
          options.window_scale = std::min(std::to_integer<std::uint8_t>(option->value[0]),
                                          tcp_option::window_scale_max);
        break;
      case tcp_option::sack_permitted: options.sack_permitted |= size == 0; break;
      case tcp_option::sack: read_sack(*option, options); break;
      case tcp_option::timestamps:
        if (size == 8) options.timestamps = TcpTimestamps{option->word(0), option->word(4)};
        break;
      case tcp_option::fast_open: read_fast_open(*option, options); break;
      default: break;  // RFC 9293, MUST-6: ignored
    }
  }
  return options;
}

void TcpOptionWriter::put32(std::uint32_t word) noexcept {
  store(bytes_.data() + size_, be32_t{word});
  size_ += sizeof(word);
}

TcpOptionWriter& TcpOptionWriter::maximum_segment_bytes(std::uint16_t bytes) noexcept {
  put(tcp_option::maximum_segment_size);
  put(4);
  put(static_cast<std::uint8_t>(bytes >> 8));
  put(static_cast<std::uint8_t>(bytes));
  return *this;
}

TcpOptionWriter& TcpOptionWriter::window_scale(std::uint8_t shift) noexcept {
  put(tcp_option::no_operation);
  put(tcp_option::window_scale);
  put(3);
  put(shift);
  return *this;
}

TcpOptionWriter& TcpOptionWriter::sack_permitted() noexcept {
  put(tcp_option::no_operation);
  put(tcp_option::no_operation);
  put(tcp_option::sack_permitted);
  put(2);
  return *this;
}

TcpOptionWriter& TcpOptionWriter::timestamps(const TcpTimestamps& stamps) noexcept {
  put32(TcpTimestampOption::usual.host());
  put32(stamps.value);
  put32(stamps.echo);
  return *this;
}

TcpOptionWriter& TcpOptionWriter::sack_permitted_and(const TcpTimestamps& stamps) noexcept {
  put(tcp_option::sack_permitted);
  put(2);
  put(tcp_option::timestamps);
  put(10);
  put32(stamps.value);
  put32(stamps.echo);
  return *this;
}

TcpOptionWriter& TcpOptionWriter::sack(std::span<const SackBlock> blocks) noexcept {
  const std::size_t room = (bytes_.size() - size_) / 8;
  if (bytes_.size() - size_ < 12 || blocks.empty()) return *this;
  const std::size_t count =
      std::min(blocks.size(), bytes_.size() - size_ - 8 * room >= 4 ? room : room - 1);
  put(tcp_option::no_operation);
  put(tcp_option::no_operation);
  put(tcp_option::sack);
  put(static_cast<std::uint8_t>(2 + 8 * count));
  for (const SackBlock& block : blocks.first(count)) {
    put32(block.first.raw());
    put32(block.end.raw());
  }
  return *this;
}

TcpOptionWriter& TcpOptionWriter::fast_open(std::span<const std::byte> cookie) noexcept {
  const std::size_t length = 2 + cookie.size();
  const std::size_t padded = (length + 3) / 4 * 4;
  if (bytes_.size() - size_ < padded) return *this;
  for (std::size_t i = length; i < padded; ++i) put(tcp_option::no_operation);
  put(tcp_option::fast_open);
  put(static_cast<std::uint8_t>(length));
  if (!cookie.empty()) std::memcpy(bytes_.data() + size_, cookie.data(), cookie.size());
  size_ += cookie.size();
  return *this;
}

}  // namespace arrakis::extaris
