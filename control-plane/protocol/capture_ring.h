// capture_ring.h: captured frames on their way from an application to who captures: a ring in
// shared memory with one writer and one reader, neither of whom believes the other.
//
// The writer never waits: what does not fit is counted as lost. Both keep their own place in
// private memory; of the other's they read one number and clamp it.
// Threads: CaptureWriter one, CaptureReader one, in different processes as a rule.
// Errors:  next() says when the writer wrote nonsense; there is no way on from there.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <expected>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace arrakis::sight {

// The memory: this header, then the ring.
struct CaptureHeader {
  alignas(64) std::uint64_t written;  // bytes so far; by the writer
  std::uint64_t lost;                 // frames
  std::uint64_t seen;                 // frames, lost ones too
  alignas(64) std::uint64_t read;     // bytes so far; by the reader
};
static_assert(sizeof(CaptureHeader) == 128);
static_assert(std::atomic_ref<std::uint64_t>::is_always_lock_free);

// In front of each frame in the ring; the next begins `record_bytes` further on.
struct FrameHeader {
  std::uint64_t time_ns;         // since the epoch
  std::uint32_t record_bytes;    // with this header; a multiple of frame_align
  std::uint32_t captured_bytes;  // that follow; 0 and original_bytes 0: only fills the ring's end
  std::uint32_t original_bytes;
  std::uint32_t direction;  // 0 in, 1 out
};
static_assert(sizeof(FrameHeader) == 24);

inline constexpr std::size_t frame_align = 8;
inline constexpr std::size_t ring_bytes = std::size_t{8} << 20;  // a power of two
inline constexpr std::size_t capture_bytes = 4096 + ring_bytes;  // of the memory
inline constexpr std::size_t ring_offset = 4096;
inline constexpr std::uint32_t snap_bytes_max = 65'535 + 14;  // the largest IP packet's frame

// Mapped memory holds what is asked of it ([intro.object], implicit-lifetime types).
inline CaptureHeader& header_of(std::span<std::byte> memory) noexcept {
  return *reinterpret_cast<CaptureHeader*>(memory.data());
}

class CaptureWriter {
 public:
  // REQUIRES: memory.size() >= capture_bytes, aligned to a page, zero.
  CaptureWriter(std::span<std::byte> memory, std::uint32_t snap_bytes) noexcept
      : header_{header_of(memory)},
        ring_{memory.data() + ring_offset},
        snap_bytes_{std::min(snap_bytes, snap_bytes_max)} {}

  void write(std::span<const std::byte> frame, std::uint64_t time_ns,
             std::uint32_t direction) noexcept {
    count(header_.seen, ++seen_);
    const std::size_t captured = std::min<std::size_t>(frame.size(), snap_bytes_);
    const std::size_t record =
        (sizeof(FrameHeader) + captured + frame_align - 1) & ~(frame_align - 1);
    const std::size_t to_end = ring_bytes - written_ % ring_bytes;
    const std::size_t padding = record > to_end ? to_end : 0;
    if (room() < record + padding) return count(header_.lost, ++lost_);
    if (padding != 0) pad(padding);
    std::byte* at = ring_ + written_ % ring_bytes;
    const FrameHeader header{time_ns, static_cast<std::uint32_t>(record),
                             static_cast<std::uint32_t>(captured),
                             static_cast<std::uint32_t>(frame.size()), direction};
    std::memcpy(at, &header, sizeof(header));
    std::memcpy(at + sizeof(header), frame.data(), captured);
    written_ += record;
  }
  // What was written can be read from now on.
  void publish() noexcept {
    std::atomic_ref{header_.written}.store(written_, std::memory_order_release);
  }

 private:
  // A reader that claims to be ahead of us, or further behind than the ring is long, gets nothing.
  std::size_t room() noexcept {
    const std::uint64_t waiting =
        written_ - std::atomic_ref{header_.read}.load(std::memory_order_acquire);
    return waiting > ring_bytes ? 0 : ring_bytes - static_cast<std::size_t>(waiting);
  }
  // The place behind the last record is less than one needs; a header fits if anything is left.
  void pad(std::size_t bytes) noexcept {
    if (bytes >= sizeof(FrameHeader)) {
      const FrameHeader header{0, static_cast<std::uint32_t>(bytes), 0, 0, 0};
      std::memcpy(ring_ + written_ % ring_bytes, &header, sizeof(header));
    }
    written_ += bytes;
  }
  static void count(std::uint64_t& shared, std::uint64_t value) noexcept {
    std::atomic_ref{shared}.store(value, std::memory_order_relaxed);
  }

  CaptureHeader& header_;
  std::byte* ring_;
  std::uint32_t snap_bytes_;
  std::uint64_t written_ = 0;
  std::uint64_t seen_ = 0;
  std::uint64_t lost_ = 0;
};

struct CapturedFrame {
  std::uint64_t time_ns = 0;
  std::uint32_t original_bytes = 0;
  bool is_outgoing = false;
  std::vector<std::byte> bytes;  // the first of them
};

class CaptureReader {
 public:
  // REQUIRES: as for the writer, except that the memory may hold anything.
  explicit CaptureReader(std::span<std::byte> memory) noexcept
      : header_{header_of(memory)}, ring_{memory.data() + ring_offset} {}

  // The next frame; nothing: there is none now. The frame is a copy, checked after it was copied.
  std::expected<std::optional<CapturedFrame>, std::string_view> next() {
    for (int skipped = 0; skipped < 2; ++skipped) {  // the ring ends once in a lap
      const std::uint64_t waiting =
          std::atomic_ref{header_.written}.load(std::memory_order_acquire) - read_;
      if (waiting == 0) return std::nullopt;
      if (waiting > ring_bytes) return std::unexpected("a ring that holds more than it can");
      const std::size_t at = read_ % ring_bytes;
      const std::size_t to_end = ring_bytes - at;
      if (to_end < sizeof(FrameHeader)) {  // too little for a header: unused
        if (to_end > waiting) return std::unexpected("a ring that ends in the middle");
        advance(to_end);
        continue;
      }
      FrameHeader header;
      if (waiting < sizeof(header)) return std::unexpected("half a header");
      std::memcpy(&header, ring_ + at, sizeof(header));
      if (header.record_bytes > std::min<std::uint64_t>(waiting, to_end) ||
          header.record_bytes % frame_align != 0 || header.record_bytes < sizeof(header) ||
          header.captured_bytes > header.record_bytes - sizeof(header) ||
          header.captured_bytes > header.original_bytes || header.original_bytes > snap_bytes_max ||
          header.direction > 1)
        return std::unexpected("a frame that cannot be");
      if (header.original_bytes == 0) {  // fills the end
        if (header.record_bytes != to_end) return std::unexpected("a ring that ends in the middle");
        advance(to_end);
        continue;
      }
      CapturedFrame frame{header.time_ns, header.original_bytes, header.direction == 1, {}};
      const std::byte* first = ring_ + at + sizeof(header);
      frame.bytes.assign(first, first + header.captured_bytes);
      advance(header.record_bytes);
      return frame;
    }
    return std::unexpected("a ring of nothing but ends");
  }

  std::uint64_t lost() const noexcept { return load(header_.lost); }
  std::uint64_t seen() const noexcept { return load(header_.seen); }

 private:
  static std::uint64_t load(std::uint64_t& shared) noexcept {
    return std::atomic_ref{shared}.load(std::memory_order_relaxed);
  }
  void advance(std::size_t bytes) noexcept {
    read_ += bytes;
    std::atomic_ref{header_.read}.store(read_, std::memory_order_release);
  }

  CaptureHeader& header_;
  std::byte* ring_;
  std::uint64_t read_ = 0;
};

}  // namespace arrakis::sight
