// admin_server.h: what an administrator may ask. Who holds it was asked for when it was given.
#pragma once

#include "control-plane/arrakisd/client.h"
#include "protocol/arrakis.capnp.h"

namespace arrakis::control {

class AdminServer final : public protocol::Admin::Server {
 public:
  explicit AdminServer(Client& client) : client_{client} {}

  kj::Promise<void> assign(AssignContext context) override;
  kj::Promise<void> release(ReleaseContext context) override;
  kj::Promise<void> listVfs(ListVfsContext context) override;
  kj::Promise<void> listApps(ListAppsContext context) override;
  kj::Promise<void> setRate(SetRateContext context) override;
  kj::Promise<void> addFilter(AddFilterContext context) override;
  kj::Promise<void> status(StatusContext context) override;
  kj::Promise<void> doctor(DoctorContext context) override;

 private:
  ClientRef client_;
};

}  // namespace arrakis::control
