// server.h: connections: accepted, bounded, served with Cap'n Proto, and closed when they
// misbehave.
//
// Threads:  one, the event loop's.
// Errors:   garbage, half a message or a vanished peer end that connection only.
#pragma once

#include <kj/async-io.h>

#include <cstddef>
#include <cstdint>
#include <map>

#include "control-plane/arrakisd/client.h"

namespace arrakis::control {

class Server final : private kj::TaskSet::ErrorHandler {
 public:
  struct Limits {
    std::size_t connections = 1024;
    std::size_t connections_a_user = 64;  // uid 0 has none of both
  };

  Server(Services& services, kj::Timer& timer) : services_{services}, timer_{timer} {}
  KJ_DISALLOW_COPY(Server);

  // Serves until it is cancelled.
  kj::Promise<void> accept_from(kj::Own<kj::ConnectionReceiver> receiver);
  // One connection whose peer is known. Resolves when it has ended.
  kj::Promise<void> serve(kj::Own<kj::AsyncCapabilityStream> stream, Peer peer);

  Limits limits;

 private:
  void admit(kj::Own<kj::AsyncIoStream> stream);
  bool has_room(std::uint32_t uid) const;
  void taskFailed(kj::Exception&& exception) override;

  Services& services_;
  kj::Timer& timer_;
  std::map<std::uint32_t, std::size_t> connections_;  // by uid
  std::size_t total_ = 0;
  kj::TaskSet tasks_{*this};
};

}  // namespace arrakis::control
