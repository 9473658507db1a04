// arrakisd_server.h: the first thing that a connection meets. It knows its peer.
#pragma once

#include "control-plane/arrakisd/client.h"
#include "protocol/arrakis.capnp.h"

namespace arrakis::control {

class ArrakisdServer final : public protocol::Arrakisd::Server {
 public:
  explicit ArrakisdServer(Client& client) : client_{client} {}

  kj::Promise<void> hello(HelloContext context) override;
  kj::Promise<void> attach(AttachContext context) override;
  kj::Promise<void> restore(RestoreContext context) override;
  kj::Promise<void> admin(AdminContext context) override;
  kj::Promise<void> look(LookContext context) override;

 private:
  ClientRef client_;
};

}  // namespace arrakis::control
