// bytes.h: what is in a packet. The only window onto rte_mbuf outside netdev/.
//
// REQUIRES everywhere: the packet holds something.
#pragma once

#include <rte_mbuf.h>

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "extaris/packet/packet.h"

namespace arrakis::extaris {

inline std::size_t size(const Packet& packet) { return packet.mbuf()->data_len; }

inline std::span<std::byte> bytes(rte_mbuf* m) {
  return {rte_pktmbuf_mtod(m, std::byte*), m->data_len};
}
inline std::span<std::byte> bytes(const Packet& packet) { return bytes(packet.mbuf()); }

inline std::string_view text(const Packet& packet) {
  return {rte_pktmbuf_mtod(packet.mbuf(), const char*), packet.mbuf()->data_len};
}

inline std::size_t headroom(const Packet& packet) { return packet.mbuf()->data_off; }
inline std::size_t tailroom(const Packet& packet) {
  return std::size_t{packet.mbuf()->buf_len} - packet.mbuf()->data_off - packet.mbuf()->data_len;
}

// Hides `count` leading bytes; they stay in the buffer. REQUIRES: count <= size.
inline void pull_front(Packet& packet, std::size_t count) {
  rte_mbuf* m = packet.mbuf();
  assert(count <= m->data_len);
  m->data_off = static_cast<std::uint16_t>(m->data_off + count);
  m->data_len = static_cast<std::uint16_t>(m->data_len - count);
  m->pkt_len = m->data_len;
}

// Makes `count` bytes in front visible and returns where they start. REQUIRES: count <= headroom.
inline std::byte* push_front(Packet& packet, std::size_t count) {
  rte_mbuf* m = packet.mbuf();
  assert(count <= m->data_off);
  m->data_off = static_cast<std::uint16_t>(m->data_off - count);
  m->data_len = static_cast<std::uint16_t>(m->data_len + count);
  m->pkt_len = m->data_len;
  return rte_pktmbuf_mtod(m, std::byte*);
}

// Shows `count` bytes, `skip` after what is the first now. REQUIRES: they are there.
inline void show(Packet& packet, std::size_t skip, std::size_t count) {
  rte_mbuf* m = packet.mbuf();
  assert(skip + count <= m->data_len);
  m->data_off = static_cast<std::uint16_t>(m->data_off + skip);
  m->data_len = static_cast<std::uint16_t>(count);
  m->pkt_len = static_cast<std::uint32_t>(count);
}

// Sets the size by moving the end. REQUIRES: fits (size + tailroom).
inline void resize(Packet& packet, std::size_t count) {
  rte_mbuf* m = packet.mbuf();
  assert(count <= size(packet) + tailroom(packet));
  m->data_len = static_cast<std::uint16_t>(count);
  m->pkt_len = m->data_len;
}

}  // namespace arrakis::extaris
