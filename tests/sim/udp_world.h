// udp_world.h: two hosts and the cable between them, from one seed, on virtual time.
//
// What must hold: every payload that is delivered was sent, byte for byte; nothing arrives more
// often than it was sent and doubled; once the cable is good everything arrives; every buffer comes
// back. The caller looks after the last one, when the world is gone.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/address.h"
#include "base/instant.h"
#include "base/random.h"
#include "extaris/netdev/sim_link.h"
#include "extaris/stack/stack.h"
#include "tests/sim/cable.h"
#include "tests/sim/payloads.h"

namespace arrakis::sim {

class UdpWorld {
 public:
  UdpWorld(extaris::PacketPool& pool, std::uint64_t seed);

  // Empty: all went well. Otherwise what did not.
  std::string run();

  const extaris::SimCounters& link() const { return link_.counters(); }
  std::uint64_t echoes() const { return echoed_; }

 private:
  void send_one();
  std::size_t random_size(bool is_v4);
  void step(Duration at_most);
  void poll_all();
  void serve();
  void collect();
  static void mark_as_seen(std::span<std::byte> payload);
  void storm();
  bool recovers();
  bool one_gets_through(std::size_t bytes, bool is_v4, Duration patience);
  bool is_genuine(std::span<const std::byte> payload) const;
  void complain(const std::string& what);

  Random random_;
  Cable cable_;
  extaris::SimLink link_;
  extaris::Stack client_stack_;
  extaris::Stack server_stack_;
  extaris::UdpSocket client_;
  extaris::UdpSocket server_;
  Payloads payloads_;
  Instant now_{};
  std::uint64_t sent_ = 0;
  std::uint64_t served_ = 0;
  std::uint64_t answered_ = 0;
  std::uint64_t echoed_ = 0;
  std::string complaint_;
};

}  // namespace arrakis::sim
