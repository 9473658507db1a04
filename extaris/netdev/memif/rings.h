// rings.h: frames into and out of the two rings of a memif link.
//
// A ring is free-running 16-bit indices over a power of two of descriptors. `head` is written by
// the client, `tail` by the server, whichever way frames go:
//
//   to the server   the client fills a buffer and advances head; the server empties it and
//                   advances tail
//   to the client   the client offers an empty buffer and advances head; the server fills it and
//                   advances tail
//
// so each side of each direction is the same code with another bias. Each index is released by its
// writer after the descriptors and buffers before it, and acquired by the other side.
//
// Trust:   the peer writes anything, at any time. Of what it writes only the other index, and of a
//          descriptor one copy, are read; both are checked before they are used. The client finds
//          buffers by its own layout and reads no place from shared memory at all. Frames are
//          copied out before anyone parses them.
// Threads: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "extaris/netdev/memif/protocol.h"

struct rte_mbuf;
struct rte_mempool;

namespace arrakis::extaris::memif {

struct Counters {
  std::uint64_t bad_descriptor = 0;  // the peer named memory that is not there; frame dropped
  std::uint64_t chained = 0;         // dropped on receive: a packet is one contiguous buffer
  std::uint64_t oversized = 0;       // dropped on transmit: longer than the buffer for it
};

// Where the buffers of one ring are.
class Buffers {
 public:
  Buffers() = default;
  // The client's own: buffer n follows buffer n - 1.
  static Buffers laid_out(std::span<std::byte> buffers, std::uint32_t buffer_bytes) {
    return {buffers, buffer_bytes};
  }
  // The peer's: where the descriptor says, if that lies in the region.
  static Buffers described(std::span<std::byte> region) { return {region, 0}; }

  bool are_laid_out() const noexcept { return buffer_bytes_ != 0; }
  // A buffer of at least `length` bytes, or nullptr. `slot` is below the ring's size.
  std::byte* locate(std::uint32_t slot, const BufferDescriptor& descriptor,
                    std::uint32_t length) const noexcept {
    if (are_laid_out())
      return length <= buffer_bytes_ ? memory_.data() + std::size_t{slot} * buffer_bytes_ : nullptr;
    if (descriptor.region != 0 || std::uint64_t{descriptor.offset} + length > memory_.size())
      return nullptr;
    return memory_.data() + descriptor.offset;
  }
  std::uint32_t buffer_bytes() const noexcept { return buffer_bytes_; }

 private:
  Buffers(std::span<std::byte> memory, std::uint32_t buffer_bytes)
      : memory_{memory}, buffer_bytes_{buffer_bytes} {}
  std::span<std::byte> memory_;
  std::uint32_t buffer_bytes_ = 0;  // 0: described
};

enum class End : std::uint8_t { server, client };

class Sender {
 public:
  Sender() = default;
  Sender(End own_end, Ring* ring, unsigned ring_log2, const Buffers& buffers) noexcept;

  // Copies frames and gives their mbufs back; returns how many were taken, or -1 when the peer's
  // index is nonsense.
  int send(rte_mbuf** packets, unsigned count, Counters& counters) noexcept;

 private:
  void own(const rte_mbuf& packet) const noexcept;
  void publish() noexcept;
  bool copy(const rte_mbuf& packet, std::uint16_t slot, Counters& counters) noexcept;

  BufferDescriptor* descriptors_ = nullptr;
  std::uint16_t* published_ = nullptr;  // ours
  std::uint16_t* theirs_ = nullptr;
  std::uint16_t size_ = 0;
  std::uint16_t bias_ = 0;
  std::uint16_t next_ = 0;
  Buffers buffers_;
};

class Receiver {
 public:
  Receiver() = default;
  Receiver(End own_end, Ring* ring, unsigned ring_log2, const Buffers& buffers) noexcept;

  // Up to `count` frames into fresh packets of `pool`; returns how many, or -1 as above.
  int receive(rte_mbuf** packets, unsigned count, rte_mempool* pool, Counters& counters) noexcept;

 private:
  void prefetch(unsigned ahead) const noexcept;
  bool copy(rte_mbuf& packet, std::uint16_t slot, Counters& counters) noexcept;
  void publish() noexcept;

  BufferDescriptor* descriptors_ = nullptr;
  std::uint16_t* published_ = nullptr;
  const std::uint16_t* theirs_ = nullptr;
  std::uint16_t size_ = 0;
  std::uint16_t bias_ = 0;
  std::uint16_t next_ = 0;
  bool in_chain_ = false;  // the frame at next_ goes on one that was dropped
  Buffers buffers_;
};

}  // namespace arrakis::extaris::memif
