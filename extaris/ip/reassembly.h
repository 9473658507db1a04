// reassembly.h: fragments in, whole datagrams out (RFC 791, 3.2; RFC 8200, 4.5).
//
// A datagram under reassembly is one packet of 65,535 bytes, into which fragments are copied at
// their offset, so that what comes out is contiguous like any other packet. DPDK's ip_frag chains
// buffers instead, and Debian's build of it stops at 8 fragments (RTE_LIBRTE_IP_FRAG_MAX_FRAG),
// where a 64 KB datagram has 45.
//
// Bounded: limits::reassemblies_max datagrams; a new one takes the place of the oldest, so that
// fragments without an end cannot lock others out. An overlap drops the whole datagram and what is
// still to come of it (RFC 5722).
// Time: an argument. Threads: those of the stack.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/address.h"
#include "base/instant.h"
#include "extaris/ip/fragment_map.h"
#include "extaris/packet/packet.h"
#include "extaris/packet/pool.h"
#include "extaris/stack/config.h"
#include "extaris/stack/counters.h"

namespace arrakis::extaris {

struct Fragment {
  IpAddress source;
  IpAddress target;
  std::uint32_t identification = 0;
  std::uint8_t protocol = 0;  // of what was cut up; part of the name for IPv4 only
  std::uint8_t hop_limit = 0;
  std::size_t offset = 0;  // bytes, a multiple of 8
  bool more = false;       // not the last
  std::span<const std::byte> payload;
};

class Reassembly {
 public:
  // Takes its memory now; without any, every fragment is dropped for lack of room.
  explicit Reassembly(Counters& counters);

  // The whole datagram, with an IP header in front as if it had never been cut. Holds nothing:
  // not whole yet, or dropped and counted.
  // REQUIRES: `more` implies a payload of a multiple of 8 bytes, and not empty.
  Packet add(const Fragment& fragment, Instant now) noexcept;

  // Gives up one datagram whose time is over, as much of it as there is from the start, with an IP
  // header in front; holds nothing when its first fragment never came. Call until nullopt.
  std::optional<Packet> expire(Instant now) noexcept;
  std::optional<Instant> next_deadline() const noexcept;

 private:
  enum class State : std::uint8_t { unused, gathering, spoilt };  // spoilt: drop the rest as well

  struct Entry {
    State state = State::unused;
    std::uint8_t protocol = 0;
    std::uint8_t hop_limit = 0;
    IpAddress source;
    IpAddress target;
    std::uint32_t identification = 0;
    std::size_t payload_bytes = 0;  // of the whole; 0: the last fragment has not come
    std::size_t reached_bytes = 0;  // the farthest end of a fragment yet
    Instant deadline;
    Packet buffer;  // data starts at the IP header to be
    FragmentMap arrived;
  };

  Entry* find(const Fragment& fragment) noexcept;
  Entry* start(const Fragment& fragment, Instant now) noexcept;
  bool place(Entry& entry, const Fragment& fragment) noexcept;
  static bool is_whole(const Entry& entry) noexcept;
  Packet finish(Entry& entry, std::size_t payload_bytes) noexcept;
  void spoil(Entry& entry, Drop why) noexcept;
  void refresh_deadline() noexcept;

  Counters& counters_;
  std::optional<PacketPool> pool_;
  std::vector<Entry> entries_;
  std::optional<Instant> next_;
};

}  // namespace arrakis::extaris
