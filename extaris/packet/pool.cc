#include "extaris/packet/pool.h"

#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include <atomic>
#include <cstdio>
#include <utility>

#include "base/check.h"
#include "extaris/packet/huge_pages.h"

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

// Of larger ones only the first bytes are touched, as a rule: a datagram under reassembly.
constexpr std::uint16_t dense_buffer_bytes = 16'384;

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
  if (owners == 1) [[likely]] {
    constexpr std::uint64_t elsewhere = RTE_MBUF_F_EXTERNAL | RTE_MBUF_F_INDIRECT;
    // One buffer, and its own: as a pool wants it back.
    if (mbuf->next == nullptr && (mbuf->ol_flags & elsewhere) == 0) [[likely]]
      return rte_mbuf_raw_free(mbuf);
    return rte_pktmbuf_free(mbuf);
  }
  rte_mbuf_refcnt_set(mbuf, static_cast<std::uint16_t>(owners - 1));
}

namespace {

// As rte_pktmbuf_pool_create(), in memory of our own.
rte_mempool* create_in_huge_pages(const PacketPool::Options& options) {
  const auto element = static_cast<std::uint32_t>(sizeof(rte_mbuf) + options.buffer_bytes);
  constexpr unsigned flags = RTE_MEMPOOL_F_NO_IOVA_CONTIG;  // packets may lie across pages
  rte_mempool* pool = rte_mempool_create_empty(
      PoolName{}.text, options.packets, element, cache_for(options.packets),
      sizeof(rte_pktmbuf_pool_private), SOCKET_ID_ANY, flags);
  if (pool == nullptr) return nullptr;
  rte_pktmbuf_pool_private about{};
  about.mbuf_data_room_size = options.buffer_bytes;
  rte_mempool_set_ops_byname(pool, RTE_MBUF_DEFAULT_MEMPOOL_OPS, nullptr);
  rte_pktmbuf_pool_init(pool, &about);
  const std::size_t bytes =
      std::size_t{rte_mempool_calc_obj_size(element, flags, nullptr)} * options.packets +
      RTE_CACHE_LINE_SIZE;
  const auto unmap = [](rte_mempool_memhdr* memory, void*) {
    unmap_huge_pages(memory->addr, memory->len);
  };
  void* memory = map_huge_pages(bytes);
  const int fitted =
      memory == nullptr
          ? 0
          : rte_mempool_populate_iova(pool, static_cast<char*>(memory),
                                      reinterpret_cast<std::uintptr_t>(memory),  // iova-mode=va
                                      bytes, unmap, nullptr);
  if (fitted != static_cast<int>(options.packets)) {
    if (fitted <= 0) unmap_huge_pages(memory, bytes);  // else it is the pool's
    rte_mempool_free(pool);
    return nullptr;
  }
  rte_mempool_obj_iter(pool, rte_pktmbuf_init, nullptr);
  return pool;
}

}  // namespace

std::expected<PacketPool, PacketPool::Error> PacketPool::create(const Options& options) {
  if (!acceptable(options)) return std::unexpected(Error::bad_size);
  const bool in_eal = options.for_device || options.buffer_bytes > dense_buffer_bytes;
  rte_mempool* pool =
      in_eal ? rte_pktmbuf_pool_create(PoolName{}.text, options.packets, cache_for(options.packets),
                                       0, options.buffer_bytes, SOCKET_ID_ANY)
             : create_in_huge_pages(options);
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
