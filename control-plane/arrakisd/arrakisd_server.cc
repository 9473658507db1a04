#include "control-plane/arrakisd/arrakisd_server.h"

#include <fcntl.h>
#include <unistd.h>

#include "control-plane/arrakisd/admin_server.h"
#include "control-plane/arrakisd/audit.h"
#include "control-plane/arrakisd/session_server.h"
#include "control-plane/arrakisd/sight_server.h"
#include "control-plane/policy/decide.h"
#include "control-plane/protocol/convert.h"

namespace arrakis::control {

kj::Promise<void> ArrakisdServer::hello(HelloContext context) {
  auto results = context.getResults();
  results.setVersion(protocol::VERSION);
  results.setRelease(ARRAKIS_VERSION);
  results.setBootId(client_->services().boot_id.c_str());
  return kj::READY_NOW;
}

kj::Promise<void> ArrakisdServer::attach(AttachContext context) {
  const kj::StringPtr text = context.getParams().getApp();
  const std::string_view app{text.cStr(), text.size()};
  const Peer& peer = client_->peer();
  const Outcome<LeaseId> lease = client_->registry().attach(peer.subject, peer.process, app);
  audit(peer, "attach", app, lease);
  auto outcome = context.getResults().initOutcome();
  if (!lease) {
    refuse(outcome, lease.error());
    return kj::READY_NOW;
  }
  client_->sessions().watch(*lease, kj::AutoCloseFd{::fcntl(peer.pidfd.get(), F_DUPFD_CLOEXEC, 0)});
  outcome.setValue(kj::heap<SessionServer>(*client_, *lease));
  return kj::READY_NOW;
}

kj::Promise<void> ArrakisdServer::restore(RestoreContext context) {
  const capnp::Data::Reader token = context.getParams().getToken();
  const Peer& peer = client_->peer();
  const Outcome<LeaseId> lease =
      client_->registry().restore(peer.process, {token.begin(), token.size()});
  audit(peer, "restore", "", lease);
  auto outcome = context.getResults().initOutcome();
  if (lease) {
    outcome.setValue(kj::heap<SessionServer>(*client_, *lease));
  } else {
    refuse(outcome, lease.error());
  }
  return kj::READY_NOW;
}

kj::Promise<void> ArrakisdServer::admin(AdminContext context) {
  const Peer& peer = client_->peer();
  const Outcome<void> may = may_administer(client_->registry().policy(), peer.subject);
  audit(peer, "admin", "", may);
  auto outcome = context.getResults().initOutcome();
  if (may) {
    outcome.setValue(kj::heap<AdminServer>(*client_));
  } else {
    refuse(outcome, may.error());
  }
  return kj::READY_NOW;
}

kj::Promise<void> ArrakisdServer::look(LookContext context) {
  const kj::StringPtr text = context.getParams().getApp();
  const std::string_view app{text.cStr(), text.size()};
  const Outcome<std::vector<Lease>> leases = leases_to_see(*client_, app);
  audit(client_->peer(), "look", app, leases);
  auto outcome = context.getResults().initOutcome();
  if (leases) {
    describe(*client_, *leases, outcome.initValue());
  } else {
    refuse(outcome, leases.error());
  }
  return kj::READY_NOW;
}

}  // namespace arrakis::control
