// pool.h: where packets come from. All memory is taken when the pool is made.
//
// Ownership: the pool must outlive every packet it gave out.
// Threads:   one.
// Needs:     DPDK's EAL to be up in this process (extaris/packet/eal.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>

#include "extaris/packet/packet.h"

struct rte_mempool;

namespace arrakis::extaris {

class PacketPool {
 public:
  struct Options {
    std::uint32_t packets = 4096;
    std::uint16_t buffer_bytes = 2048;   // headroom included; at most 65,535
    std::uint16_t headroom_bytes = 128;  // room in front for Ethernet, IP and UDP or TCP headers
    // A device reads and writes them by itself: they lie in EAL's memory, which VFIO maps for it.
    bool for_device = false;
  };
  enum class Error : std::uint8_t { no_memory, bad_size };

  static std::expected<PacketPool, Error> create(const Options& options);
  // Buffers lie in `memory`, which the caller keeps (an AF_XDP UMEM): packets * buffer_bytes of it.
  static std::expected<PacketPool, Error> create_over(std::span<std::byte> memory,
                                                      const Options& options);
  PacketPool(PacketPool&& other) noexcept;
  PacketPool& operator=(PacketPool&& other) noexcept;
  ~PacketPool();

  // An empty packet with headroom in front; holds nothing when the pool is used up.
  Packet allocate() noexcept;
  std::size_t available() const noexcept;
  std::size_t capacity() const noexcept;
  rte_mempool* mempool() const noexcept { return pool_; }

 private:
  explicit PacketPool(rte_mempool* pool) noexcept : pool_{pool} {}
  rte_mempool* pool_ = nullptr;
};

}  // namespace arrakis::extaris
