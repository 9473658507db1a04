#include "control-plane/arrakisd/sessions.h"

#include <spdlog/spdlog.h>

#include "control-plane/arrakisd/client.h"
#include "control-plane/arrakisd/session_server.h"

namespace arrakis::control {

Sessions::~Sessions() noexcept(false) {
  registry_.observe(nullptr);
  for (Client* client : clients_) client->orphan();
}

void Sessions::watch(LeaseId lease, kj::AutoCloseFd pidfd) {
  auto observer = kj::heap<kj::UnixEventPort::FdObserver>(
      port_, pidfd.get(), kj::UnixEventPort::FdObserver::OBSERVE_READ);
  kj::Promise<void> ended = observer->whenBecomesReadable()
                                .then([this, lease] { registry_.reclaim(lease); })
                                .attach(kj::mv(observer))
                                .attach(kj::mv(pidfd));  // closed after nobody looks at it
  watches_.insert_or_assign(lease, ended.eagerlyEvaluate([this](kj::Exception&& exception) {
    taskFailed(kj::mv(exception));
  }));
}

void Sessions::enter(LeaseId lease, SessionServer& session) {
  sessions_.insert_or_assign(lease, &session);
}

void Sessions::leave(LeaseId lease, SessionServer& session) {
  const auto found = sessions_.find(lease);
  if (found == sessions_.end() || found->second != &session) return;
  sessions_.erase(found);
  registry_.session_closed(lease);
}

SessionServer* Sessions::session_of(LeaseId lease) const {
  const auto found = sessions_.find(lease);
  return found == sessions_.end() ? nullptr : found->second;
}

void Sessions::vnic_changed(LeaseId lease, std::string_view vnic, Event event) {
  if (const auto found = sessions_.find(lease); found != sessions_.end())
    found->second->tell(vnic, event);
  if (event == Event::revoked) blank(vnic);
}

void Sessions::lease_ended(LeaseId lease) {
  for (const std::string& vnic : registry_.vnics_of(lease)) blank(vnic);
  sessions_.erase(lease);
  const auto watch = watches_.find(lease);
  if (watch == watches_.end()) return;
  // We may be inside this very promise, which must not destroy itself: the next turn does it.
  tasks_.add(kj::evalLater([ended = kj::mv(watch->second)] {}));
  watches_.erase(watch);
}

void Sessions::blank(std::string_view vnic) {
  for (Client* client : clients_) client->blank(vnic);
}

void Sessions::taskFailed(kj::Exception&& exception) {
  spdlog::error("watching a process: {}", exception.getDescription().cStr());
}

}  // namespace arrakis::control
