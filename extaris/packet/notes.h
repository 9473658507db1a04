// notes.h: a few bytes that travel with a packet for who holds it, and what a holder does with a
// buffer that a device may still be reading: TCP keeps what it has sent until it is acknowledged.
//
// The bytes are rte_mbuf's dynamic fields, reserved when EAL starts (eal.cc), so nothing that
// registers such fields itself can take them.
// REQUIRES everywhere: the mbuf is one buffer, not a chain.
#pragma once

#include <rte_mbuf.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

#include "extaris/packet/packet.h"

namespace arrakis::extaris {

inline constexpr std::size_t notes_offset = (offsetof(rte_mbuf, dynfield1) + 7) / 8 * 8;
inline constexpr std::size_t notes_bytes = sizeof(rte_mbuf) - notes_offset;
static_assert(notes_bytes >= 32 && notes_offset % 8 == 0);

// What `T` says of the packet; holds anything until it is written.
template <class T>
  requires(std::is_trivially_copyable_v<T> && sizeof(T) <= notes_bytes && alignof(T) <= 8)
T& notes(rte_mbuf* mbuf) noexcept {
  return *reinterpret_cast<T*>(reinterpret_cast<std::byte*>(mbuf) + notes_offset);
}

// A second owner of the same buffer.
inline Packet share(rte_mbuf* mbuf) noexcept {
  rte_mbuf_refcnt_set(mbuf, static_cast<std::uint16_t>(rte_mbuf_refcnt_read(mbuf) + 1));
  return Packet{mbuf};
}
inline bool is_shared(const rte_mbuf* mbuf) noexcept { return rte_mbuf_refcnt_read(mbuf) > 1; }

// The last `count` bytes of the data, whatever headers were pushed in front of them.
inline std::span<std::byte> tail(rte_mbuf* mbuf, std::size_t count) noexcept {
  return {rte_pktmbuf_mtod(mbuf, std::byte*) + mbuf->data_len - count, count};
}
// Hides all but those.
inline void show_tail(rte_mbuf* mbuf, std::size_t count) noexcept {
  mbuf->data_off = static_cast<std::uint16_t>(mbuf->data_off + mbuf->data_len - count);
  mbuf->data_len = static_cast<std::uint16_t>(count);
  mbuf->pkt_len = mbuf->data_len;
}
// Hides `count` bytes at the end.
inline void cut_tail(rte_mbuf* mbuf, std::size_t count) noexcept {
  mbuf->data_len = static_cast<std::uint16_t>(mbuf->data_len - count);
  mbuf->pkt_len = mbuf->data_len;
}

// What holding or giving back the packet will touch.
inline void prefetch_packet(const rte_mbuf* mbuf) noexcept {
  __builtin_prefetch(mbuf, 1);
  __builtin_prefetch(reinterpret_cast<const std::byte*>(mbuf) + 64, 1);
}

// Where the frame begins, for a buffer that will be written to again soon.
inline void prefetch_frame(rte_mbuf* mbuf) noexcept {
  const std::byte* frame = rte_pktmbuf_mtod(mbuf, const std::byte*);
  __builtin_prefetch(frame, 1);
  __builtin_prefetch(frame + 64, 1);
  __builtin_prefetch(frame + 128, 1);
}

}  // namespace arrakis::extaris
