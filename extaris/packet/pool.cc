#include "extaris/packet/pool.h"

#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include <atomic>
#include <cstdio>
#include <utility>

#include "base/check.h"

namespace arrakis::extaris {
namespace {

constexpr std::uint32_t cache_packets = 256;  // per thread; RTE_MEMPOOL_CACHE_MAX_SIZE is 512

// DPDK wants a name unique in the process. The number is the one thing that pools share.
struct PoolName {
  char text[RTE_MEMPOOL_NAMESIZE];
  PoolName() {
    static std::atomic<unsigned> next{0};
    std::snprintf(text, sizeof(text), "ark_pool_%u", next.fetch_add(1, std::memory_order_relaxed));
  }
};

std::uint32_t cache_for(std::uint32_t packets) {
  // A cache may hold 1.5 times its size back; a small pool must not vanish into it.
  return packets >= 4 * cache_packets ? cache_packets : 0;
}

// Fresh packets start `headroom_bytes` into their buffer. DPDK fixes RTE_PKTMBUF_HEADROOM when it
// is compiled; it is the default here, and allocate() needs no further step.
bool acceptable(const PacketPool::Options& options) {
  return options.packets > 0 && options.headroom_bytes == RTE_PKTMBUF_HEADROOM &&
         options.buffer_bytes > options.headroom_bytes;
}

}  // namespace

// A packet and all its owners belong to one thread (packet.h), so one owner less needs no atomic.
void give_back(rte_mbuf* mbuf) noexcept {
  const std::uint16_t owners = rte_mbuf_refcnt_read(mbuf);
  if (owners == 1) [[likely]]
    return rte_pktmbuf_free(mbuf);
  rte_mbuf_refcnt_set(mbuf, static_cast<std::uint16_t>(owners - 1));
}

std::expected<PacketPool, PacketPool::Error> PacketPool::create(const Options& options) {
  if (!acceptable(options)) return std::unexpected(Error::bad_size);
  rte_mempool* pool =
      rte_pktmbuf_pool_create(PoolName{}.text, options.packets, cache_for(options.packets), 0,
                              options.buffer_bytes, SOCKET_ID_ANY);
  if (pool == nullptr) return std::unexpected(Error::no_memory);
  return PacketPool{pool};
}

std::expected<PacketPool, PacketPool::Error> PacketPool::create_over(std::span<std::byte> memory,
                                                                     const Options& options) {
  if (!acceptable(options)) return std::unexpected(Error::bad_size);
  if (memory.size() < std::size_t{options.packets} * options.buffer_bytes)
    return std::unexpected(Error::bad_size);
  rte_pktmbuf_extmem area{};
  area.buf_ptr = memory.data();
  area.buf_iova = reinterpret_cast<std::uintptr_t>(memory.data());  // iova-mode=va
  area.buf_len = memory.size();
  area.elt_size = options.buffer_bytes;
  rte_mempool* pool =
      rte_pktmbuf_pool_create_extbuf(PoolName{}.text, options.packets, cache_for(options.packets),
                                     0, options.buffer_bytes, SOCKET_ID_ANY, &area, 1);
  if (pool == nullptr) return std::unexpected(Error::no_memory);
  return PacketPool{pool};
}

PacketPool::PacketPool(PacketPool&& other) noexcept : pool_{std::exchange(other.pool_, nullptr)} {}

PacketPool& PacketPool::operator=(PacketPool&& other) noexcept {
  std::swap(pool_, other.pool_);
  return *this;
}

PacketPool::~PacketPool() {
  if (pool_ != nullptr) rte_mempool_free(pool_);
}

Packet PacketPool::allocate() noexcept { return Packet{rte_pktmbuf_alloc(pool_)}; }

std::size_t PacketPool::available() const noexcept { return rte_mempool_avail_count(pool_); }

std::size_t PacketPool::capacity() const noexcept { return pool_->size; }

}  // namespace arrakis::extaris
