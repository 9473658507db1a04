// tcp_reader.h: a stream in pieces that the protocol on it asks for: lines, and so many bytes.
//
//   while (const auto line = co_await reader.until("\r\n")) answer(*line);
//
// A piece that came in one packet is read where the device left it; one that spans packets is put
// together in a buffer of the reader's, taken from the scheduler's pool when it is first needed.
//
// Threads:  those of its stream.
// Lifetime: borrows the stream, which must stay where it is. A piece is good until the next call.
//           Who cancels a read may only repeat it, or drop the reader.
// Limits:   no piece is longer than `longest_bytes`: the peer does not decide what memory it takes.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

#include "arrakis/tcp.h"
#include "arrakis/tcp_stream.h"
#include "arrakis/waiter.h"

namespace arrakis {

class TcpReader;

// co_await: the piece; nothing: the stream ended before it did, or it is too long.
class TcpReading : public Waiter {
 public:
  // Up to `end`; where that is empty, `bytes` of them.
  TcpReading(TcpReader& reader, std::string_view end, std::size_t bytes) noexcept;
  std::optional<std::string_view> await_resume() const noexcept { return piece_; }

 private:
  static bool read(Waiter& self) noexcept;

  TcpReader& reader_;
  std::string_view end_;
  std::size_t bytes_;
  std::optional<std::string_view> piece_;
};

class TcpReader {
 public:
  static constexpr std::size_t longest_default = 4000;

  explicit TcpReader(TcpStream& stream, std::size_t longest_bytes = longest_default) noexcept
      : stream_{stream}, longest_{longest_bytes} {}
  TcpReader(const TcpReader&) = delete;
  TcpReader& operator=(const TcpReader&) = delete;
  ~TcpReader();

  // What comes before `end`, which is taken off with it. REQUIRES: `end` is not empty.
  TcpReading until(std::string_view end) noexcept { return {*this, end, 0}; }
  // Exactly so many.
  TcpReading exactly(std::size_t bytes) noexcept { return {*this, {}, bytes}; }
  // Nothing that has come is left, though more may come.
  bool is_empty() const noexcept;

  FramePool& frames() noexcept { return stream_.frames(); }

 private:
  friend class TcpReading;
  struct Wanted {
    std::string_view end;
    std::size_t bytes;
  };
  enum class Progress : std::uint8_t { done, wait, failed };
  // Where the piece lies in `text`: its length, and how much is taken off with it.
  static std::optional<std::pair<std::size_t, std::size_t>> find(std::string_view text,
                                                                 std::size_t from,
                                                                 const Wanted& wanted) noexcept;
  Progress read(const Wanted& wanted, std::optional<std::string_view>& piece) noexcept;
  std::string_view rest() const noexcept;
  bool gather(std::string_view text) noexcept;

  TcpStream& stream_;
  std::size_t longest_;
  TcpBuffer packet_;
  std::size_t taken_ = 0;     // of it
  char* gathered_ = nullptr;  // `longest_` bytes
  std::size_t gathered_count_ = 0;
  bool is_whole_ = false;  // what was gathered has been handed out
};

}  // namespace arrakis
