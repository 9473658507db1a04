#include "control-plane/arrakisd/admin_server.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "control-plane/arrakisd/audit.h"
#include "control-plane/protocol/convert.h"

namespace arrakis::control {
namespace {

std::string_view view(capnp::Text::Reader text) { return {text.cStr(), text.size()}; }

template <class Builder>
void write_texts(const std::vector<std::string>& texts, Builder out) {
  for (unsigned i = 0; i < out.size(); ++i) out.set(i, texts[i].c_str());
}

void write(const VnicCounters& counters, protocol::Counters::Builder out) {
  out.setReceivedPackets(counters.received_packets);
  out.setReceivedBytes(counters.received_bytes);
  out.setTransmittedPackets(counters.transmitted_packets);
  out.setTransmittedBytes(counters.transmitted_bytes);
  out.setFilteredReceive(counters.filtered_receive);
  out.setForgedMac(counters.forged_mac);
  out.setForgedAddress(counters.forged_address);
  out.setFilteredTransmit(counters.filtered_transmit);
  out.setOverRate(counters.over_rate);
  out.setRingFull(counters.ring_full);
  out.setDmaFaults(counters.dma_faults);
}

protocol::VfRecord::State state_of(Vnic::State state) {
  switch (state) {
    case Vnic::State::assigned: return protocol::VfRecord::State::ASSIGNED;
    case Vnic::State::attached: return protocol::VfRecord::State::ATTACHED;
    case Vnic::State::quarantined: return protocol::VfRecord::State::QUARANTINED;
  }
  return protocol::VfRecord::State::QUARANTINED;
}

void write(const VnicReport& report, protocol::VfRecord::Builder out) {
  to_protocol(report.spec, out.initVnic());
  out.setApp(report.spec.app.c_str());
  out.setState(state_of(report.state));
  out.setPid(report.pid);
  out.setDevice(report.device.c_str());
  write(report.counters, out.initCounters());
  write_texts(report.enforced, out.initEnforced(static_cast<unsigned>(report.enforced.size())));
  write_texts(report.read_back, out.initReadBack(static_cast<unsigned>(report.read_back.size())));
}

void write(const Finding& finding, protocol::Finding::Builder out) {
  using Verdict = protocol::Finding::Verdict;
  constexpr std::array verdicts{Verdict::PASS, Verdict::WARN, Verdict::FAIL, Verdict::SKIP};
  out.setVerdict(verdicts[static_cast<std::size_t>(finding.verdict)]);
  out.setSubject(finding.subject.c_str());
  out.setMessage(finding.message.c_str());
  out.setRemedy(finding.remedy.c_str());
}

template <class OutcomeBuilder>
void answer(const Outcome<VnicReport>& report, OutcomeBuilder outcome) {
  if (report) {
    write(*report, outcome.initValue());
  } else {
    refuse(outcome, report.error());
  }
}

const char* verb(const char* doing, const char* planning, bool dry_run) {
  return dry_run ? planning : doing;
}

}  // namespace

kj::Promise<void> AdminServer::assign(AssignContext context) {
  const bool dry_run = context.getParams().getDryRun();
  const Outcome<AssignRequest> request = from_protocol(context.getParams().getRequest());
  const Outcome<VnicReport> report =
      request ? client_->registry().assign(*request, dry_run) : std::unexpected(request.error());
  audit(client_->peer(), verb("assign", "plan assign", dry_run), request ? request->app : "",
        report);
  answer(report, context.getResults().initOutcome());
  return kj::READY_NOW;
}

kj::Promise<void> AdminServer::release(ReleaseContext context) {
  const bool dry_run = context.getParams().getDryRun();
  const std::string_view vf = view(context.getParams().getVf());
  const Outcome<VnicReport> report = client_->registry().release(vf, dry_run);
  audit(client_->peer(), verb("release", "plan release", dry_run), vf, report);
  answer(report, context.getResults().initOutcome());
  return kj::READY_NOW;
}

kj::Promise<void> AdminServer::setRate(SetRateContext context) {
  const bool dry_run = context.getParams().getDryRun();
  const std::string_view vf = view(context.getParams().getVf());
  const Outcome<Rate> rate = from_protocol(context.getParams().getRate());
  const Outcome<VnicReport> report =
      rate ? client_->registry().set_rate(vf, *rate, dry_run) : std::unexpected(rate.error());
  audit(client_->peer(), verb("set rate", "plan rate", dry_run), vf, report);
  answer(report, context.getResults().initOutcome());
  return kj::READY_NOW;
}

kj::Promise<void> AdminServer::addFilter(AddFilterContext context) {
  const bool dry_run = context.getParams().getDryRun();
  const std::string_view vf = view(context.getParams().getVf());
  const Outcome<Filter> filter = from_protocol(context.getParams().getFilter());
  const Outcome<VnicReport> report = filter ? client_->registry().add_filter(vf, *filter, dry_run)
                                            : std::unexpected(filter.error());
  audit(client_->peer(), verb("add filter", "plan filter", dry_run), vf, report);
  answer(report, context.getResults().initOutcome());
  return kj::READY_NOW;
}

kj::Promise<void> AdminServer::listVfs(ListVfsContext context) {
  const std::vector<VnicReport> reports = client_->registry().list();
  auto vfs = context.getResults().initVfs(static_cast<unsigned>(reports.size()));
  for (unsigned i = 0; i < vfs.size(); ++i) write(reports[i], vfs[i]);
  return kj::READY_NOW;
}

kj::Promise<void> AdminServer::listApps(ListAppsContext context) {
  Registry& registry = client_->registry();
  const std::vector<AppRule>& rules = registry.policy().apps;
  const std::vector<VnicReport> reports = registry.list();
  auto apps = context.getResults().initApps(static_cast<unsigned>(rules.size()));
  for (unsigned i = 0; i < apps.size(); ++i) {
    std::vector<std::string> users, vfs;
    for (const Principal& user : rules[i].users) users.push_back(user.text);
    for (const VnicReport& report : reports)
      if (report.spec.app == rules[i].name) vfs.push_back(report.spec.name);
    apps[i].setName(rules[i].name.c_str());
    write_texts(users, apps[i].initUsers(static_cast<unsigned>(users.size())));
    write_texts(vfs, apps[i].initVfs(static_cast<unsigned>(vfs.size())));
    if (const Lease* held = registry.lease_of(rules[i].name))
      apps[i].setPid(held->stored.process.pid);
  }
  return kj::READY_NOW;
}

kj::Promise<void> AdminServer::status(StatusContext context) {
  Registry& registry = client_->registry();
  auto status = context.getResults().initStatus();
  status.setRelease(ARRAKIS_VERSION);
  status.setPid(::getpid());
  status.setStartedAt(client_->services().started_at);
  status.setPolicyFile(registry.policy().file.c_str());
  const std::vector<std::string> providers = registry.provider_names();
  write_texts(providers, status.initProviders(static_cast<unsigned>(providers.size())));
  const std::vector<VnicReport> reports = registry.list();
  status.setVfs(static_cast<unsigned>(reports.size()));
  status.setAttached(static_cast<unsigned>(
      std::ranges::count(reports, Vnic::State::attached, &VnicReport::state)));
  return kj::READY_NOW;
}

kj::Promise<void> AdminServer::doctor(DoctorContext context) {
  std::vector<Finding> all = client_->registry().diagnose();
  auto findings = context.getResults().initFindings(static_cast<unsigned>(all.size()));
  for (unsigned i = 0; i < findings.size(); ++i) write(all[i], findings[i]);
  return kj::READY_NOW;
}

}  // namespace arrakis::control
