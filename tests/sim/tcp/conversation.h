// conversation.h: one connection, the two programs at its ends, and what they must see of each
// other.
//
// Each sends a stream that is a function of its name, so that every byte can be checked without
// being kept. A conversation finishes, is broken off by one side somewhere on its way, or is
// refused because nobody listens.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/random.h"
#include "extaris/tcp/tcp_connection.h"

namespace arrakis::sim {

class Conversation {
 public:
  enum class Fate : std::uint8_t { finishes, client_aborts, server_aborts, refused };
  struct Plan {
    std::uint64_t name;
    std::size_t up_bytes;    // client to server
    std::size_t down_bytes;  // server to client
    Fate fate = Fate::finishes;
    std::size_t abort_after = 0;  // bytes received by both
    bool is_fast = false;         // text goes with the SYN, and may arrive twice (RFC 7413)
    // The cable damages frames. ARP has no checksum: a wrong address that it taught may be believed
    // for longer than a SYN is repeated (RFC 4861, 7.3: 30 s and more).
    bool may_be_led_astray = false;
  };
  Conversation(extaris::TcpConnection client, const Plan& plan);

  // Whether it is this one that was accepted.
  bool is_of(const extaris::TcpConnection& accepted) const;
  bool has_server() const { return server_.has_value(); }
  bool is_fast() const { return plan_.is_fast; }
  Fate fate() const { return plan_.fate; }
  void accept(extaris::TcpConnection server);

  // Lets both programs do something. `is_greedy`: they read all there is.
  void act(Random& random, bool is_greedy);
  // Looks into both control blocks, which walks along every queue.
  void inspect();

  bool is_done() const { return is_done_; }
  std::uint64_t bytes() const { return up_.received + down_.received; }
  const std::string& complaint() const { return complaint_; }  // empty: all is well
  std::string describe() const;

 private:
  struct Stream {
    std::uint64_t name = 0;
    std::size_t length = 0;
    std::size_t sent = 0;
    std::size_t received = 0;
    bool is_shut = false;
    std::byte at(std::size_t i) const;
  };

  void exchange(Random& random, bool is_greedy);
  void send_some(extaris::TcpConnection& from, Stream& stream, Random& random);
  void receive_some(extaris::TcpConnection& at, Stream& stream, Random& random, bool is_greedy);
  void finish_or_complain();
  void break_off();
  bool was_led_astray() const;
  bool is_told_truly(extaris::TcpError error) const;
  void complain(const std::string& what);

  Plan plan_;
  extaris::TcpConnection client_;
  std::optional<extaris::TcpConnection> server_;
  Stream up_;
  Stream down_;
  bool is_broken_off_ = false;
  bool is_done_ = false;
  std::string complaint_;
};

}  // namespace arrakis::sim
