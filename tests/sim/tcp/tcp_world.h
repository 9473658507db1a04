// tcp_world.h: two hosts on a bad cable, with connections that carry a known stream each way.
//
// Must hold: every byte arrives, once, in order and as it was sent; when the cable is mended,
// everything comes to its end in time; no packet is lost for good; nothing ends that nobody ended.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"
#include "extaris/netdev/sim_link.h"
#include "extaris/stack/stack.h"
#include "tests/sim/cable.h"

namespace arrakis::sim {

class TcpWorld {
 public:
  TcpWorld(extaris::PacketPool& pool, std::uint64_t seed);
  // Empty: all is well.
  std::string run();

  const extaris::SimCounters& link() const { return link_.counters(); }
  const extaris::TcpCounters& client() const { return client_stack_.counters().tcp; }
  const extaris::TcpCounters& server() const { return server_stack_.counters().tcp; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  // One direction of a connection: byte i of it is a function of i and of `name`.
  struct Stream {
    std::uint64_t name = 0;
    std::size_t length = 0;
    std::size_t sent = 0;
    std::size_t received = 0;
    bool is_shut = false;
  };
  struct Pair {
    std::optional<extaris::TcpConnection> client;
    std::optional<extaris::TcpConnection> server;
    Stream up;    // client to server
    Stream down;  // server to client
    bool is_done = false;
  };
  static extaris::StackConfig config(int host, std::uint64_t seed);

  void open_all();
  void step(Duration at_most);
  void poll_all();
  void act(Pair& pair);
  void accept_all();
  void inspect(const std::optional<extaris::TcpConnection>& connection);
  void send_some(extaris::TcpConnection& from, Stream& stream);
  void receive_some(extaris::TcpConnection& at, Stream& stream);
  bool all_done() const;
  std::string describe() const;
  void complain(const std::string& what);
  static std::byte byte_of(const Stream& stream, std::size_t i);

  Random random_;
  Cable cable_;
  extaris::SimLink link_;
  extaris::Stack client_stack_;
  extaris::Stack server_stack_;
  extaris::TcpListener listener_;
  std::vector<Pair> pairs_;
  bool is_greedy_ = false;  // readers read all there is
  Instant now_{};
  std::uint64_t bytes_ = 0;
  std::string complaint_;
};

}  // namespace arrakis::sim
