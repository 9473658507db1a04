// protocol.h: memif version 2.0 as it stands in shared memory and on its control socket.
//
// Source: the memif definitions of FD.io VPP (src/plugins/memif/memif.h) and of DPDK
// (drivers/net/memif/memif.h). The client makes the memory and asks; the server listens. Integers
// are the machine's own: both ends run on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace arrakis::extaris::memif {

inline constexpr std::uint16_t version = 0x0200;
inline constexpr std::uint32_t cookie = 0x3e3'1f20;
inline constexpr unsigned ring_log2_max = 14;
inline constexpr std::size_t name_bytes = 32;
inline constexpr std::size_t secret_bytes = 24;  // the last one NUL

// Shared memory ---------------------------------------------------------------------------------

struct BufferDescriptor {
  std::uint16_t flags;   // descriptor_chained
  std::uint16_t region;  // of the buffer
  std::uint32_t length;  // of the frame, or of an empty buffer
  std::uint32_t offset;  // of the buffer in its region
  std::uint32_t metadata;
};
static_assert(sizeof(BufferDescriptor) == 16);
inline constexpr std::uint16_t descriptor_chained = 1;

// Followed by its descriptors. Each index has one writer, see rings.h.
struct Ring {
  std::uint32_t cookie;
  std::uint16_t flags;  // ring_polled
  std::uint16_t head;
  alignas(64) std::uint16_t tail;
};
static_assert(offsetof(Ring, head) == 6 && offsetof(Ring, tail) == 64 && sizeof(Ring) == 128);
inline BufferDescriptor* descriptors_of(Ring* ring) {
  return reinterpret_cast<BufferDescriptor*>(ring + 1);
}
inline constexpr std::uint16_t ring_polled = 1;  // its receiver wants no memif interrupt

constexpr std::size_t ring_bytes(unsigned log2) {
  return sizeof(Ring) + (sizeof(BufferDescriptor) << log2);
}

// Control socket --------------------------------------------------------------------------------

enum class Type : std::uint16_t {
  none,
  acknowledge,
  hello,       // server: what it can do
  init,        // client: who it wants, and the secret
  add_region,  // client: memory, with its descriptor
  add_ring,    // client: where a ring is, with an eventfd
  connect,     // client: that was all
  connected,   // server: frames may flow
  disconnect,  // either: why
};

struct [[gnu::packed]] Hello {
  char name[name_bytes];
  std::uint16_t version_min;
  std::uint16_t version_max;
  std::uint16_t region_max;
  std::uint16_t to_client_ring_max;
  std::uint16_t to_server_ring_max;
  std::uint8_t ring_log2_max;
};
struct [[gnu::packed]] Init {
  std::uint16_t version;
  std::uint32_t id;
  std::uint8_t mode;  // 0: Ethernet
  char secret[secret_bytes];
  char name[name_bytes];
};
struct [[gnu::packed]] AddRegion {
  std::uint16_t index;
  std::uint64_t size;
};
struct [[gnu::packed]] AddRing {
  std::uint16_t flags;  // ring_to_server
  std::uint16_t index;
  std::uint16_t region;
  std::uint32_t offset;
  std::uint8_t ring_log2;
  std::uint16_t private_header_bytes;
};
inline constexpr std::uint16_t ring_to_server = 1;

struct [[gnu::packed]] Message {
  Type type;
  union {
    Hello hello;
    Init init;
    AddRegion add_region;
    AddRing add_ring;
    char interface_name[name_bytes];  // connect, connected
    std::byte rest[126];
  };
};
static_assert(sizeof(Message) == 128 && std::is_trivially_copyable_v<Message>);

}  // namespace arrakis::extaris::memif
