#include "control-plane/arrakisd/session_server.h"

#include <kj/debug.h>

#include "control-plane/arrakisd/audit.h"
#include "control-plane/arrakisd/queue_server.h"
#include "control-plane/policy/decide.h"
#include "control-plane/protocol/convert.h"

namespace arrakis::control {
namespace {

protocol::Watcher::Event::Kind kind_of(Observer::Event event) {
  using Kind = protocol::Watcher::Event::Kind;
  switch (event) {
    case Observer::Event::link_down: return Kind::LINK_DOWN;
    case Observer::Event::link_up: return Kind::LINK_UP;
    case Observer::Event::revoked: return Kind::REVOKED;
    case Observer::Event::rate_changed: return Kind::RATE_CHANGED;
    case Observer::Event::filters_changed: return Kind::FILTERS_CHANGED;
  }
  return Kind::REVOKED;
}

Error not_yet() { return {Error::Code::not_yet, "storage and names are not built yet", ""}; }

}  // namespace

SessionServer::SessionServer(Client& client, LeaseId lease) : client_{client}, lease_{lease} {
  client_->sessions().enter(lease_, *this);
}

SessionServer::~SessionServer() noexcept(false) {
  if (!client_->is_orphan()) client_->sessions().leave(lease_, *this);
}

void SessionServer::tell(std::string_view vnic, Observer::Event event) {
  if (unheard_ >= unheard_max) watchers_.clear();  // it does not listen: it shall not fill us up
  for (protocol::Watcher::Client& watcher : watchers_) {
    auto request = watcher.eventRequest();
    auto out = request.initEvent();
    out.setVic(kj::StringPtr{std::string{vnic}.c_str()});
    out.setKind(kind_of(event));
    ++unheard_;
    tasks_.add(request.send().ignoreResult().then([this] { --unheard_; },
                                                  [this](kj::Exception&&) { --unheard_; }));
  }
}

kj::Promise<void> SessionServer::token(TokenContext context) {
  if (const Lease* held = client_->registry().lease(lease_))
    context.getResults().setToken({held->stored.token.data(), held->stored.token.size()});
  return kj::READY_NOW;
}

kj::Promise<void> SessionServer::vics(VicsContext context) {
  const std::vector<std::string> names = client_->registry().vnics_of(lease_);
  auto vnics = context.getResults().initVnics(static_cast<unsigned>(names.size()));
  for (unsigned i = 0; i < vnics.size(); ++i)
    vnics.set(i, kj::heap<VnicServer>(*client_, lease_, names[i]));
  return kj::READY_NOW;
}

kj::Promise<void> SessionServer::watch(WatchContext context) {
  if (watchers_.size() < watchers_max) watchers_.push_back(context.getParams().getWatcher());
  return kj::READY_NOW;
}

kj::Promise<void> SessionServer::createFilter(CreateFilterContext context) {
  Outcome<Filter> filter = from_protocol(context.getParams().getSpec());
  auto outcome = context.getResults().initOutcome();
  const Lease* held = client_->registry().lease(lease_);
  if (filter && held == nullptr) filter = fail(Error::Code::not_found, "the session has ended");
  if (filter) {
    const auto may = may_filter(client_->registry().policy(), held->stored.app, *filter);
    if (!may) filter = std::unexpected(may.error());
  }
  audit(client_->peer(), "create filter", held == nullptr ? "" : held->stored.app, filter);
  if (filter) {
    outcome.setValue(client_->filters().add(kj::heap<FilterServer>(*client_, *filter)));
  } else {
    refuse(outcome, filter.error());
  }
  return kj::READY_NOW;
}

kj::Promise<void> SessionServer::acquireVsa(AcquireVsaContext context) {
  refuse(context.getResults().initOutcome(), not_yet());
  return kj::READY_NOW;
}

kj::Promise<void> SessionServer::lookup(LookupContext context) {
  refuse(context.getResults().initOutcome(), not_yet());
  return kj::READY_NOW;
}

// The capability stays with its holder, who finds nothing behind it any more.
kj::Promise<void> SessionServer::end(EndContext) {
  client_->registry().reclaim(lease_);
  return kj::READY_NOW;
}

kj::Promise<void> SessionServer::show(ShowContext context) {
  visible_ = context.getParams().getVisible();
  return kj::READY_NOW;
}

kj::Promise<void> VnicServer::name(NameContext context) {
  context.getResults().setName(vnic_.c_str());
  return kj::READY_NOW;
}

kj::Promise<void> VnicServer::describe(DescribeContext context) {
  const auto found = client_->registry().vnic(lease_, vnic_);
  KJ_REQUIRE(found.has_value(), "the VNIC was released");
  to_protocol((*found)->spec, context.getResults().initVnic());
  return kj::READY_NOW;
}

kj::Promise<void> VnicServer::queues(QueuesContext context) {
  auto outcome = context.getResults().initOutcome();
  const auto found = client_->registry().vnic(lease_, vnic_);
  if (!found) {
    refuse(outcome, found.error());
    return kj::READY_NOW;
  }
  auto queues = outcome.initValue((*found)->spec.queues);
  for (unsigned i = 0; i < queues.size(); ++i)
    queues.set(i, kj::heap<QueueServer>(*client_, lease_, vnic_, static_cast<std::uint16_t>(i)));
  return kj::READY_NOW;
}

}  // namespace arrakis::control
