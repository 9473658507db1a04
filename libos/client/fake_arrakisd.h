// fake_arrakisd.h: a daemon for tests, in a thread of the test process, on a socket of its own.
//
// It grants VNICs whose descriptors are memfds, eventfds and sockets that the test can recognise,
// and it misbehaves as told.
#pragma once

#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/error.h"
#include "control-plane/protocol/arrakis.capnp.h"
#include "extaris/netdev/descriptor.h"

namespace arrakis::client::testing {

enum class Kind : std::uint8_t { xdp, wire };

// A link between two applications, each of them the client of a daemon of its own.
struct Wire {
  std::string socket_name = new_socket_name();
  extaris::Descriptor page = sealed_page();
  std::array<extaris::Descriptor, 2> bells = socket_pair();

  static extaris::Descriptor sealed_page();
  static std::array<extaris::Descriptor, 2> socket_pair();
  static std::string new_socket_name();
};

// What the daemon does. A daemon that is started again with the same Facts knows its sessions.
struct Facts {
  std::uint16_t version = protocol::VERSION;
  Error refusal{.message = ""};  // of attach(), when there is a message
  std::size_t vnics = 1;
  Kind kind = Kind::xdp;
  std::size_t umem_bytes = 64 * 2048;
  const Wire* wire = nullptr;  // nullptr: a wire that nobody is at the other end of
  unsigned end = 1;            // of the wire: 0 the server's
  bool without_descriptors = false;
  bool silent = false;  // hello is never answered
  std::function<void(protocol::VnicInfo::Builder)> change_info = [](auto) {};
  std::function<void(protocol::QueueGrant::Builder)> change_grant = [](auto) {};
  std::string token = std::string(32, 'k');

  // What happened so far.
  std::atomic<int> attached{0};
  std::atomic<int> restored{0};
  std::atomic<int> ended{0};
};

class FakeArrakisd {
 public:
  FakeArrakisd(std::string socket_path, Facts& facts);
  ~FakeArrakisd();  // as kill -9: connections break, the socket's file stays

  // Sends an event to whoever watches, from the daemon's thread.
  void announce(const std::string& vnic, protocol::Watcher::Event::Kind kind);

  // Looks into who attached last: the error it answers; empty: it wrote a page of counters.
  std::string look(const std::string& vnic, std::uint16_t queue);

 private:
  struct Shared;
  std::unique_ptr<Shared> shared_;
  std::thread thread_;
};

}  // namespace arrakis::client::testing
