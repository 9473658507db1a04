// scripted_peer.h: one stack on a device whose other end is a script: segments in, segments out, in
// virtual time.
#pragma once

#include <deque>
#include <optional>
#include <string>

#include "extaris/stack/stack.h"
#include "tests/packet/segment_text.h"

namespace arrakis::packet {

struct PeerOptions {
  bool is_v4 = true;
  std::uint16_t mtu_bytes = 1500;
  std::size_t connections_max = 64;
  extaris::TcpSettings settings{.timestamps = false, .sack = false};
};

class ScriptedPeer {
 public:
  ScriptedPeer(extaris::PacketPool& pool, const PeerOptions& options);
  ~ScriptedPeer();

  extaris::Stack& stack() { return *stack_; }
  Instant now() const { return now_; }
  Endpoint remote() const;

  // From the peer's port to the host's port 80, or to the port the host connected from.
  void arrive(const SegmentText& segment);
  // From another port from here on, with numbers from the start.
  void come_again();
  // A router says that a packet with this sequence number was too large (RFC 1191, RFC 8201).
  void too_big(std::uint32_t seq, std::uint32_t mtu);
  // A router or the peer's host says that one cannot be delivered; `code` of IPv4 (RFC 792).
  void unreachable(std::uint32_t seq, std::uint8_t code);
  // So many connection requests, each from another port, and the answers are thrown away.
  void flood(std::uint32_t count);
  // The oldest segment that was sent and not yet looked at.
  struct Sent {
    Instant at;
    SegmentText segment;
    std::string wrong;  // with its text, checksum or addresses; empty: nothing
  };
  std::optional<Sent> next_sent();

  void poll();
  // To the next thing that happens, but not past `end`. False: `end` is reached.
  bool step_to(Instant end);

 private:
  class Device;
  void look_at(const std::vector<std::byte>& frame);
  std::vector<std::byte> quote(std::uint32_t seq) const;
  void give_message(std::uint8_t type, std::uint8_t code, std::uint32_t rest,
                    const std::vector<std::byte>& quoted);

  PeerOptions options_;
  std::unique_ptr<Device> device_;
  std::unique_ptr<extaris::Stack> stack_;
  Instant now_{Duration::seconds(100).ns};
  std::deque<Sent> sent_;
  std::optional<Seq> host_start_;             // ISS of the host, once it is known
  std::optional<std::uint32_t> stamp_start_;  // the host's first timestamp
  std::uint16_t host_port_ = 80;
  std::uint16_t peer_port_ = 40'000;
  std::string last_cookie_;  // that the host gave us
};

// The byte of a stream that has this sequence number, counted from the initial one.
std::byte byte_at(std::uint32_t seq);

}  // namespace arrakis::packet
