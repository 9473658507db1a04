// channel.h: the control socket of a memif link: who may connect, and which memory is shared.
//
// Never blocks: step() does what can be done now. The server listens on an abstract unix socket and
// talks to the newest caller until one has shown the secret and connected; the client calls.
//
// Trust:   abstract sockets have no permissions, so anyone in the network namespace can call. A
//          caller without the secret is hung up on. Each message is checked before it is believed.
// Threads: one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "extaris/netdev/descriptor.h"
#include "extaris/netdev/memif/memory.h"

namespace arrakis::extaris::memif {

struct ChannelOptions {
  End end = End::server;
  std::string socket_name;  // without its leading NUL
  std::string secret;
  std::uint8_t ring_log2 = 0;  // of what the client makes
  std::uint32_t buffer_bytes = 0;
};

class Channel {
 public:
  explicit Channel(ChannelOptions options) : options_{std::move(options)} {}

  // Server: false when the name cannot be listened on; errno says why.
  bool listen() noexcept;

  // Goes as far as it can without waiting. True: the peer may have something to do now.
  bool step() noexcept;

  // The link stands; its memory is shared. Changes only in step() and hang_up().
  bool connected() const noexcept { return state_ == State::connected; }
  const Memory& memory() const noexcept { return *memory_; }

  // The peer is gone or not to be trusted; step() begins anew.
  void hang_up() noexcept;

 private:
  enum class State : std::uint8_t {
    alone,     // nobody there
    greeting,  // server: hello sent; client: waiting for it
    agreed,    // server: the secret was right; client: told all, waiting for connected
    connected,
  };
  bool call() noexcept;
  bool answer() noexcept;
  bool handle_next() noexcept;
  bool handle_as_server(const Message& message, Descriptor file) noexcept;
  bool handle_as_client(const Message& message) noexcept;
  bool add_ring(const AddRing& ring) noexcept;
  bool tell_all(const Hello& hello) noexcept;
  bool send(const Message& message, int file = -1) noexcept;

  ChannelOptions options_;
  Descriptor listener_;  // server
  Descriptor peer_;
  State state_ = State::alone;
  Descriptor offered_file_;  // server: what the client has told so far
  std::uint64_t offered_size_ = 0;
  Layout offered_layout_;
  std::optional<Memory> memory_;
};

}  // namespace arrakis::extaris::memif
