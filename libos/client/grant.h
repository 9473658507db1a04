// grant.h: what arrakisd gives to an application, as plain values. Checked when it was decoded:
// whoever reads a grant need not doubt its numbers.
//
// Ownership: a grant owns its descriptors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/address.h"
#include "extaris/netdev/descriptor.h"

namespace arrakis::client {

using extaris::Descriptor;

namespace limits {
inline constexpr std::size_t vnics_max = 64;   // of one application
inline constexpr std::size_t queues_max = 64;  // of one VNIC
inline constexpr std::size_t addresses_max = 64;
inline constexpr std::size_t neighbors_max = 1024;
inline constexpr std::uint32_t ring_entries_max = 1u << 16;
inline constexpr std::uint32_t frames_max = 1u << 20;
inline constexpr std::uint16_t mtu_bytes_min = 576;  // RFC 791, 3.1: what every host must take
}  // namespace limits

struct Neighbor {
  IpAddress address;
  MacAddress mac;
};

struct VnicInfo {
  std::string name;      // "vf0"
  std::string provider;  // "xdp", "wire", "sriov"
  MacAddress mac;
  std::uint16_t mtu_bytes = 0;  // of an IP packet
  std::vector<IpPrefix> addresses;
  std::vector<IpAddress> gateways;
  std::vector<Neighbor> neighbors;
};

// An AF_XDP socket, bound and in its XSKMAP; the rings are not mapped yet.
struct XdpGrant {
  Descriptor socket;
  Descriptor umem;  // memfd, at least frame_count * frame_bytes long
  std::uint32_t frame_bytes = 0;
  std::uint32_t frame_count = 0;
  std::uint32_t headroom_bytes = 0;
  std::uint32_t fill_size = 0;  // entries of each ring, powers of two
  std::uint32_t completion_size = 0;
  std::uint32_t receive_size = 0;
  std::uint32_t transmit_size = 0;
};

// One end of a memif link between two applications.
struct WireGrant {
  enum class Role : std::uint8_t { server, client };
  Role role = Role::server;
  std::string socket_name;  // abstract, without its leading NUL
  std::string secret;
  std::uint8_t ring_log2 = 0;
  std::uint16_t buffer_bytes = 0;
  Descriptor doorbell_page;
  Descriptor bell;
};

// A queue pair of a virtual function that this process may open, through VFIO.
struct SriovGrant {
  std::string function;  // PCI address
  std::uint16_t index = 0;
  std::uint64_t locked_bytes = 0;  // what the process may lock altogether
};

using QueueGrant = std::variant<XdpGrant, WireGrant, SriovGrant>;

struct VnicGrant {
  VnicInfo info;
  std::vector<QueueGrant> queues;  // at least one; all of one kind, by index
};

}  // namespace arrakis::client
