// sessions.h: the living side of leases: whose process is watched, who hears of events, and what
// each connection was handed.
//
// Threads:  one, the event loop's. Errors: a connection that misbehaves loses itself only.
#pragma once

#include <kj/async-unix.h>
#include <kj/refcount.h>

#include <map>
#include <set>
#include <string>

#include "control-plane/arrakisd/process.h"
#include "control-plane/arrakisd/registry.h"

namespace arrakis::control {

class SessionServer;
class Client;

class Sessions final : public Observer, private kj::TaskSet::ErrorHandler {
 public:
  Sessions(Registry& registry, kj::UnixEventPort& port) : registry_{registry}, port_{port} {
    registry_.observe(this);
  }
  ~Sessions() noexcept(false);

  KJ_DISALLOW_COPY(Sessions);

  // Reclaims the lease when the process ends.
  void watch(LeaseId lease, kj::AutoCloseFd pidfd);

  // One session speaks for a lease; after restore() it is the later one.
  void enter(LeaseId lease, SessionServer& session);
  void leave(LeaseId lease, SessionServer& session);
  // nullptr: nobody speaks for it now.
  SessionServer* session_of(LeaseId lease) const;
  void enter(Client& client) { clients_.insert(&client); }
  void leave(Client& client) { clients_.erase(&client); }

 private:
  void vnic_changed(LeaseId lease, std::string_view vnic, Event event) override;
  void lease_ended(LeaseId lease) override;
  void blank(std::string_view vnic);
  void taskFailed(kj::Exception&& exception) override;

  Registry& registry_;
  kj::UnixEventPort& port_;
  std::set<Client*> clients_;
  std::map<LeaseId, SessionServer*> sessions_;
  std::map<LeaseId, kj::Promise<void>> watches_;
  kj::TaskSet tasks_{*this};
};

}  // namespace arrakis::control
