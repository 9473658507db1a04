#include "control-plane/arrakisctl/fake_daemon.h"

#include <kj/debug.h>

#include <algorithm>
#include <utility>

#include "control-plane/model/quote.h"
#include "control-plane/protocol/convert.h"

namespace arrakis::ctl {
namespace {

void fill(const control::VnicSpec& vnic, protocol::VfRecord::Builder out) {
  control::to_protocol(vnic, out.initVnic());
  out.setApp(vnic.app.c_str());
  out.setState(protocol::VfRecord::State::ATTACHED);
  out.setPid(4711);
  out.setDevice(("ark-" + vnic.name).c_str());
  auto counters = out.initCounters();
  counters.setReceivedPackets(10);
  counters.setReceivedBytes(640);
  counters.setForgedMac(3);
  auto enforced = out.initEnforced(2);
  enforced.set(0, "tx filter");
  enforced.set(1, "rate");
}

class FakeAdmin final : public protocol::Admin::Server {
 public:
  explicit FakeAdmin(FakeState& state) : state_{state} {}

  kj::Promise<void> assign(AssignContext context) override {
    const auto request = control::from_protocol(context.getParams().getRequest());
    auto outcome = context.getResults().initOutcome();
    if (!request) {
      control::refuse(outcome, request.error());
      return kj::READY_NOW;
    }
    if (request->app != "udp_echo" && request->app != "memcached") {
      control::refuse(outcome, {Error::Code::not_found,
                                "the policy knows no application " + control::quote(request->app),
                                "add an [[app]] to the policy"});
      return kj::READY_NOW;
    }
    const control::VnicSpec vnic = vnic_for(*request);
    fill(vnic, outcome.initValue());
    if (!context.getParams().getDryRun()) state_.vfs.push_back(vnic);
    return called("assign", request->app, context.getParams().getDryRun());
  }

  kj::Promise<void> release(ReleaseContext context) override {
    const std::string name = context.getParams().getVf();
    auto outcome = context.getResults().initOutcome();
    control::VnicSpec* vnic = find(name);
    if (!state_.release_fails.message.empty())
      control::refuse(outcome, state_.release_fails);
    else if (vnic == nullptr)
      control::refuse(outcome, not_found(name));
    else
      fill(*vnic, outcome.initValue());
    if (outcome.isValue() && !context.getParams().getDryRun())
      state_.vfs.erase(state_.vfs.begin() + (vnic - state_.vfs.data()));
    return called("release", name, context.getParams().getDryRun());
  }

  kj::Promise<void> listVfs(ListVfsContext context) override {
    auto vfs = context.getResults().initVfs(static_cast<unsigned>(state_.vfs.size()));
    for (unsigned i = 0; i < vfs.size(); ++i) fill(state_.vfs[i], vfs[i]);
    return called("listVfs");
  }

  kj::Promise<void> listApps(ListAppsContext context) override {
    auto apps = context.getResults().initApps(2);
    apps[0].setName("memcached");
    apps[1].setName("udp_echo");
    auto users = apps[1].initUsers(2);
    users.set(0, "nobody");
    users.set(1, "@echo");
    apps[1].initVfs(1).set(0, "vf0");
    apps[1].setPid(4711);
    return called("listApps");
  }

  kj::Promise<void> setRate(SetRateContext context) override {
    const std::string name = context.getParams().getVf();
    const auto rate = control::from_protocol(context.getParams().getRate());
    return change(context, "setRate", name, [&](control::VnicSpec& vnic) -> Outcome<void> {
      vnic.rate = rate.value();
      return {};
    });
  }

  kj::Promise<void> addFilter(AddFilterContext context) override {
    const std::string name = context.getParams().getVf();
    const auto filter = control::from_protocol(context.getParams().getFilter());
    return change(context, "addFilter", name, [&](control::VnicSpec& vnic) -> Outcome<void> {
      vnic.filters.push_back(filter.value());
      return control::validate(vnic.filters);
    });
  }

  kj::Promise<void> status(StatusContext context) override {
    auto status = context.getResults().initStatus();
    status.setRelease("0.1.0");
    status.setPid(321);
    status.setStartedAt(1'700'000'000);
    status.setPolicyFile("/etc/arrakis/arrakisd.toml");
    auto providers = status.initProviders(2);
    providers.set(0, "xdp");
    providers.set(1, "wire");
    status.setVfs(2);
    status.setAttached(1);
    return called("status");
  }

  kj::Promise<void> doctor(DoctorContext context) override {
    auto findings = context.getResults().initFindings(2);
    findings[0].setVerdict(protocol::Finding::Verdict::PASS);
    findings[0].setSubject("kernel");
    findings[0].setMessage("seen by the daemon");
    findings[1].setVerdict(protocol::Finding::Verdict::WARN);
    findings[1].setSubject("veth");
    findings[1].setMessage("checksum offload is on");
    findings[1].setRemedy("ethtool -K ark-vf0 tx off");
    return called("doctor");
  }

 private:
  control::VnicSpec vnic_for(const control::AssignRequest& request) const {
    const auto number = static_cast<std::uint8_t>(state_.vfs.size());
    return {.name = "vf" + std::to_string(number),
            .app = request.app,
            .provider = request.provider.empty() ? "xdp" : request.provider,
            .mac = request.mac.value_or(MacAddress{{2, 0, 0, 0, 0, number}}),
            .mtu_bytes = request.mtu_bytes == 0 ? std::uint16_t{1500} : request.mtu_bytes,
            .queues = 1,
            .addresses = request.addresses.empty() ? std::vector{*IpPrefix::parse("10.20.0.2/24")}
                                                   : request.addresses,
            .gateways = {*IpAddress::parse("10.20.0.1")},
            .rate = request.rate,
            .filters = request.filters};
  }

  control::VnicSpec* find(const std::string& name) {
    const auto found = std::ranges::find_if(state_.vfs, [&](const control::VnicSpec& vnic) {
      return vnic.name == name || vnic.app == name;
    });
    return found == state_.vfs.end() ? nullptr : &*found;
  }

  static Error not_found(const std::string& name) {
    return {Error::Code::not_found, "there is no VF " + control::quote(name), "see list-vfs"};
  }

  template <class Context, class Change>
  kj::Promise<void> change(Context context, const char* call, const std::string& name,
                           Change apply) {
    auto outcome = context.getResults().initOutcome();
    control::VnicSpec* vnic = find(name);
    if (vnic == nullptr) {
      control::refuse(outcome, not_found(name));
      return kj::READY_NOW;
    }
    control::VnicSpec changed = *vnic;
    if (const auto applied = apply(changed); !applied)
      control::refuse(outcome, applied.error());
    else
      fill(changed, outcome.initValue());
    if (outcome.isValue() && !context.getParams().getDryRun()) *vnic = changed;
    return called(call, name, context.getParams().getDryRun());
  }

  kj::Promise<void> called(const std::string& call, const std::string& on = "",
                           bool dry_run = false) {
    state_.calls.push_back(call + (on.empty() ? "" : ' ' + on) + (dry_run ? " dry" : ""));
    if (call == state_.breaks) kj::throwFatalException(KJ_EXCEPTION(FAILED, "it broke"));
    if (call == state_.silent) return kj::NEVER_DONE;
    return kj::READY_NOW;
  }

  FakeState& state_;
};

class FakeDaemon final : public protocol::Arrakisd::Server {
 public:
  explicit FakeDaemon(FakeState& state) : state_{state} {}

  kj::Promise<void> hello(HelloContext context) override {
    if (state_.silent == "hello") return kj::NEVER_DONE;
    context.getResults().setVersion(state_.version);
    context.getResults().setRelease("0.1.0");
    context.getResults().setBootId("boot");
    return kj::READY_NOW;
  }

  kj::Promise<void> admin(AdminContext context) override {
    auto outcome = context.getResults().initOutcome();
    if (state_.denial.message.empty())
      outcome.setValue(kj::heap<FakeAdmin>(state_));
    else
      control::refuse(outcome, state_.denial);
    return kj::READY_NOW;
  }

  kj::Promise<void> look(LookContext context) override {
    auto outcome = context.getResults().initOutcome();
    if (state_.denial.message.empty())
      fake_apps(state_, outcome.initValue());
    else
      control::refuse(outcome, state_.denial);
    return kj::READY_NOW;
  }

 private:
  FakeState& state_;
};

}  // namespace

protocol::Arrakisd::Client fake_daemon(FakeState& state) { return kj::heap<FakeDaemon>(state); }

}  // namespace arrakis::ctl
