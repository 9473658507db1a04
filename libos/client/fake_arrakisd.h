// fake_arrakisd.h: a daemon for tests, in a thread of the test process, on a socket of its own.
//
// It grants VNICs whose descriptors are memfds and eventfds that the test can recognise, and it
// misbehaves as told.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/error.h"
#include "control-plane/protocol/arrakis.capnp.h"

namespace arrakis::client::testing {

enum class Kind : std::uint8_t { xdp, wire };

// What the daemon does. A daemon that is started again with the same Facts knows its sessions.
struct Facts {
  std::uint16_t version = protocol::VERSION;
  Error refusal{.message = ""};  // of attach(), when there is a message
  std::size_t vnics = 1;
  Kind kind = Kind::xdp;
  std::size_t umem_bytes = 64 * 2048;
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

 private:
  struct Shared;
  std::unique_ptr<Shared> shared_;
  std::thread thread_;
};

}  // namespace arrakis::client::testing
