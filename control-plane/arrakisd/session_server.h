// session_server.h: what an application holds first: its session and its VNICs.
//
// Each method answers from the Registry with the lease's number; what was revoked is not found.
#pragma once

#include "control-plane/arrakisd/client.h"
#include "protocol/arrakis.capnp.h"

namespace arrakis::control {

class SessionServer final : public protocol::Session::Server, private kj::TaskSet::ErrorHandler {
 public:
  SessionServer(Client& client, LeaseId lease);
  ~SessionServer() noexcept(false);
  KJ_DISALLOW_COPY(SessionServer);

  void tell(std::string_view vnic, Observer::Event event);

  kj::Promise<void> token(TokenContext context) override;
  kj::Promise<void> vics(VicsContext context) override;
  kj::Promise<void> watch(WatchContext context) override;
  kj::Promise<void> createFilter(CreateFilterContext context) override;
  kj::Promise<void> acquireVsa(AcquireVsaContext context) override;
  kj::Promise<void> lookup(LookupContext context) override;
  kj::Promise<void> end(EndContext context) override;

 private:
  static constexpr std::size_t watchers_max = 8;
  static constexpr std::size_t unheard_max = 64;  // events that a client has not answered
  void taskFailed(kj::Exception&&) override {}    // it will hear of its connection's end itself

  ClientRef client_;
  LeaseId lease_;
  std::vector<protocol::Watcher::Client> watchers_;
  std::size_t unheard_ = 0;
  kj::TaskSet tasks_{*this};
};

class VnicServer final : public protocol::Vnic::Server {
 public:
  VnicServer(Client& client, LeaseId lease, std::string vnic)
      : client_{client}, lease_{lease}, vnic_{std::move(vnic)} {}

  kj::Promise<void> name(NameContext context) override;
  kj::Promise<void> describe(DescribeContext context) override;
  kj::Promise<void> queues(QueuesContext context) override;

 private:
  ClientRef client_;
  LeaseId lease_;
  std::string vnic_;
};

}  // namespace arrakis::control
