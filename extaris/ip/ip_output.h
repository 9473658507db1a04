// ip_output.h: from a transport's segment to frames: source address, route, neighbor, path MTU, IP
// header, fragments.
//
// Threads: those of the stack. Time: set once a poll.
#pragma once

#include <cstdint>
#include <expected>
#include <span>

#include "base/address.h"
#include "base/instant.h"
#include "base/random.h"
#include "extaris/ip/path_mtu.h"
#include "extaris/ip/routes.h"
#include "extaris/ip/send_error.h"
#include "extaris/link/link.h"
#include "extaris/packet/packet.h"
#include "extaris/stack/config.h"
#include "extaris/stack/counters.h"

namespace arrakis::extaris {

// How to reach a host.
struct Path {
  IpAddress target;
  IpAddress source;  // ours, as seen from there
  IpAddress next_hop;
  std::uint16_t mtu_bytes = 0;
  bool mac_known = false;
  MacAddress mac;                // of the next hop
  Instant until;                 // all of this is right until then, and while ...
  std::uint32_t generation = 0;  // ... the neighbors' generation is this one
};

struct IpFields {
  IpAddress source;  // any: the path's
  std::uint8_t protocol;
  bool may_fragment = true;
};

class IpOutput {
 public:
  IpOutput(Link& link, const StackConfig& config, std::uint16_t mtu_bytes, Counters& counters);

  void set_time(Instant now) noexcept { now_ = now; }
  Instant now() const noexcept { return now_; }

  // Valid until the next call. nullptr: no route, or no address of that family to speak with.
  const Path* path_to(const IpAddress& target) noexcept {
    if (target == path_.target && now_ < path_.until && path_.generation == link_.generation())
        [[likely]]
      return &path_;
    return find_path(target);
  }

  // Puts the IP header in front of a segment and sends it, in fragments if it must.
  std::expected<void, SendError> send(Packet&& segment, const Path& path,
                                      const IpFields& fields) noexcept;
  // The same for a segment in two pieces that lie anywhere; both are copied.
  struct Pieces {
    std::span<const std::byte> header;  // at most 8 bytes and a multiple of 8
    std::span<const std::byte> payload;
  };
  std::expected<void, SendError> send_copy(const Pieces& segment, const Path& path,
                                           const IpFields& fields) noexcept;

  // A frame's worth with its IP header on.
  std::expected<void, SendError> send_packet(Packet&& packet, const Path& path) noexcept;

  std::uint16_t link_mtu_bytes() const noexcept { return link_mtu_; }
  PathMtu& path_mtu() noexcept { return path_mtu_; }
  // After a change to what paths are made of.
  void forget_path() noexcept { path_.until = Instant{0}; }

 private:
  const Path* find_path(const IpAddress& target) noexcept;
  std::expected<void, SendError> check_size(std::size_t segment_bytes, const Path& path,
                                            const IpFields& fields) const noexcept;
  std::expected<void, SendError> send_fragments(const Pieces& segment, const Path& path,
                                                const IpFields& fields) noexcept;

  Link& link_;
  std::uint16_t link_mtu_;
  Routes routes_;
  PathMtu path_mtu_;
  Counters& counters_;
  Random random_;
  Instant now_{};
  Path path_;  // the last one asked for; a server answers whom it has just heard from
};

}  // namespace arrakis::extaris
