// config.h: what a stack is told when it is made, and the limits it keeps. Everything has a limit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/address.h"
#include "base/instant.h"
#include "extaris/tcp/tcp_options.h"

namespace arrakis::extaris {

struct Route {
  IpPrefix target;
  IpAddress gateway;  // any: the target is on the link
};

struct Neighbor {
  IpAddress address;
  MacAddress mac;
};

struct TcpConfig {
  std::size_t connections_max = 65'536;  // half a KiB each, taken when used
  TcpSettings settings;
  std::optional<std::uint32_t> initial_sequence;  // for tests; otherwise RFC 6528 decides
};

struct StackConfig {
  std::vector<IpPrefix> addresses;  // our own, each with the network it is on
  std::vector<Route> routes;        // longest prefix wins; those of `addresses` are implied
  std::vector<Neighbor> neighbors;  // known beforehand, never aged
  std::uint64_t seed = 0;           // for IP identifications, ephemeral ports, jitter; of TCP:
                                    // initial sequence numbers and the hash of connections
  TcpConfig tcp{};
};

namespace limits {
inline constexpr std::size_t udp_sockets_max = 1024;
inline constexpr std::size_t socket_queue_packets = 1024;     // a socket's backlog; power of two
inline constexpr std::size_t neighbors_max = 1024;            // power of two
inline constexpr std::size_t neighbor_queue_packets = 64;     // waiting for one answer: one largest
                                                              // datagram is 45 fragments of 1,500
inline constexpr std::size_t neighbor_waiting_packets = 256;  // waiting for all answers together
inline constexpr std::size_t reassemblies_max = 32;           // 64 KiB each
inline constexpr std::size_t reassembled_held_max = 32;       // whole ones, waiting in sockets
inline constexpr Duration reassembly_timeout =
    Duration::seconds(30);  // RFC 1122: 60 to 120; Linux: 30
inline constexpr Duration neighbor_reachable = Duration::seconds(30);  // RFC 4861, section 10
inline constexpr Duration neighbor_retransmit = Duration::seconds(1);  // RFC 4861, section 10
inline constexpr unsigned neighbor_tries = 3;                          // RFC 4861, section 10
inline constexpr std::size_t path_mtus_max = 256;
inline constexpr Duration path_mtu_lifetime = Duration::seconds(600);  // RFC 1191, 6.3
inline constexpr std::uint64_t icmp_errors_per_second = 1000;  // as Linux's icmp_msgs_per_sec
}  // namespace limits

}  // namespace arrakis::extaris
