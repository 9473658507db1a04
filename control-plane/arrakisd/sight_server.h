// sight_server.h: what somebody holds who looks into an application. The daemon passes on questions
// and descriptors; what is written into the memory it never sees.
//
// Nothing that an application sends travels on but errors, made one line: no capability and no
// descriptor of the one reaches the other.
// Errors: an application that does not answer in time, or has gone, is named.
#pragma once

#include <string>
#include <vector>

#include "control-plane/arrakisd/client.h"
#include "control-plane/arrakisd/registry.h"
#include "protocol/arrakis.capnp.h"

namespace arrakis::control {

// Those of `app`, or with an empty name all, that this client may look into.
Outcome<std::vector<Lease>> leases_to_see(Client& client, std::string_view app);
void describe(Client& client, const std::vector<Lease>& leases, protocol::Attached::Builder out);

// Which application is meant, by number and for messages.
struct Seen {
  LeaseId lease;
  std::string app;
  std::int32_t pid;
};

class SightServer final : public protocol::Sight::Server {
 public:
  SightServer(Client& client, Seen seen) : client_{client}, seen_{std::move(seen)} {}

  kj::Promise<void> snapshot(SnapshotContext context) override;
  kj::Promise<void> capture(CaptureContext context) override;

 private:
  ClientRef client_;
  Seen seen_;
};

}  // namespace arrakis::control
