// emitter.h: from a control block to a frame: options, headers, checksum, and the way to the peer.
//
// Threads: those of the stack. Time: set once a poll.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "extaris/ip/ip_output.h"
#include "extaris/link/link.h"
#include "extaris/netdev/net_device.h"
#include "extaris/tcp/connection.h"
#include "extaris/tcp/counters.h"
#include "extaris/wire/checksum.h"
#include "extaris/wire/tcp.h"

namespace arrakis::extaris::tcp {

class Emitter {
 public:
  struct World {
    Link& link;
    IpOutput& ip;
    const std::vector<IpAddress>& addresses;  // ours; ControlBlock::local_address is an index
    const Now& now;                           // of this poll
  };
  Emitter(const World& world, Checksum checksum, Counters& counters) noexcept;

  // A poll begins.
  void follow_time() noexcept;
  // What was learned about paths is out of date.
  void forget_paths() noexcept;

  // Makes the connection's MAC address and MSS current. False: there is no way to the peer.
  bool find_path(ControlBlock& c) noexcept;
  bool has_room() noexcept { return link_.queue().has_room(); }
  Packet allocate() noexcept { return link_.pool().allocate(); }

  // One segment of the send queue, which keeps it. False: no packet to copy it to.
  bool send_text(ControlBlock& c, rte_mbuf* m, std::uint8_t flags) noexcept;
  // A segment without text. False: no packet.
  bool send_bare(ControlBlock& c, Seq seq, std::uint8_t flags) noexcept;
  // The first byte that has not been sent, in a segment of its own. REQUIRES: there is one.
  bool send_window_probe(ControlBlock& c) noexcept;
  struct SynExtras {
    std::optional<std::span<const std::byte>> cookie{};  // RFC 7413; empty: asks for one
    rte_mbuf* text = nullptr;                            // of the send queue, which keeps it
  };
  bool send_syn(ControlBlock& c, std::uint8_t flags) noexcept { return send_syn(c, flags, {}); }
  bool send_syn(ControlBlock& c, std::uint8_t flags, const SynExtras& extras) noexcept;

  // Of no connection (RFC 9293, 3.5.2).
  struct Stray {
    IpAddress local;
    IpAddress remote;
    std::uint16_t local_port;
    std::uint16_t remote_port;
    Seq seq;
    Seq ack;
    std::uint8_t flags;
    std::uint16_t window = 0;
  };
  void send_stray(const Stray& stray, std::span<const std::byte> options = {}) noexcept;

 private:
  // Options that stand in front of a packet's text.
  struct Options {
    std::size_t bytes = 0;
    InternetSum sum{};
    bool says_enough = true;  // no SACK block was left out for want of room
  };
  struct Fields {
    Seq seq;
    std::uint8_t flags;
    Options options;
    bool is_probe = false;
  };
  Options push_options(ControlBlock& c, Packet& packet) noexcept;
  Options push_sack(ControlBlock& c, Packet& packet) noexcept;
  static Options push(Packet& packet, const TcpOptionWriter& writer) noexcept;
  std::uint16_t window_field(ControlBlock& c) noexcept;
  void send(ControlBlock& c, Packet&& packet, const Fields& fields) noexcept;
  template <class Frame>
  void push_frame(ControlBlock& c, Packet& packet, const Fields& fields) noexcept;

  Link& link_;
  IpOutput& ip_;
  const std::vector<IpAddress>& addresses_;
  const Now& now_;
  Checksum checksum_;
  Counters& counters_;
  std::uint16_t epoch_ = 1;  // of all connections' paths; never 0
  std::uint32_t generation_ = 0;
  Instant epoch_ends_{};
};

}  // namespace arrakis::extaris::tcp
