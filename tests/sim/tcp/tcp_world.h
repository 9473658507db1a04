// tcp_world.h: two to fifty hosts on bad cables, each a client of others and a server, with
// connections that carry a known stream each way.
//
// Must hold: every byte arrives, once, in order and as it was sent; when the cables are mended,
// everything comes to its end in time; no packet is lost for good; nothing ends that nobody ended;
// who is refused or broken off hears of it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "extaris/stack/stack.h"
#include "tests/sim/cable.h"
#include "tests/sim/tcp/conversation.h"
#include "tests/sim/tcp/network.h"

namespace arrakis::sim {

class TcpWorld {
 public:
  TcpWorld(extaris::PacketPool& pool, std::uint64_t seed);
  // Empty: all is well.
  std::string run();

  extaris::SimCounters cables() const { return network_.counters(); }
  std::size_t hosts() const { return hosts_.size(); }
  const extaris::TcpCounters& tcp(std::size_t host) const {
    return hosts_[host]->stack.counters().tcp;
  }
  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t conversations(Conversation::Fate fate) const {
    return fates_[static_cast<std::size_t>(fate)];
  }

 private:
  struct Host {
    Host(extaris::NetDevice& device, const extaris::StackConfig& config);
    bool takes_old_syns;  // Fast Open: text of a doubled SYN may open a connection of its own
    extaris::Stack stack;
    extaris::TcpListener listener;
    Instant sleeps_until{};
  };

  static std::size_t how_many_hosts(Random random);
  static extaris::StackConfig config(std::size_t host, std::uint64_t seed);
  Conversation::Plan make_plan(const Host& client);
  Instant wakes_at(const Host& host) const { return is_calm_ ? now_ : host.sleeps_until; }
  void open_next();
  void open(Host& client, std::size_t server);
  void step(Duration at_most);
  void disturb();
  void poll_all();
  void accept_all(Host& host);
  bool all_done() const;
  bool is_quiet() const;
  void finish();
  void complain(const std::string& what);

  Random random_;
  Cable cable_;
  Network network_;
  std::vector<std::unique_ptr<Host>> hosts_;
  std::vector<Conversation> conversations_;
  std::size_t to_open_ = 0;
  std::size_t opened_ = 0;
  bool is_calm_ = false;  // cables are mended, hosts awake, readers read all there is
  Instant now_{};
  std::uint64_t bytes_ = 0;
  std::array<std::uint64_t, 4> fates_{};
  std::string complaint_;
};

}  // namespace arrakis::sim
