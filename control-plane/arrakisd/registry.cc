#include "control-plane/arrakisd/registry.h"

#include <algorithm>

#include "control-plane/arrakisd/doctor.h"
#include "control-plane/model/quote.h"
#include "control-plane/policy/decide.h"

namespace arrakis::control {

Provider* Registry::provider(std::string_view name) const {
  for (const auto& candidate : parts_.providers)
    if (candidate->name() == name) return candidate.get();
  return nullptr;
}

std::vector<std::string> Registry::provider_names() const {
  std::vector<std::string> names;
  for (const auto& each : parts_.providers) names.emplace_back(each->name());
  return names;
}

std::vector<VnicSpec> Registry::specs() const {
  std::vector<VnicSpec> all;
  for (const auto& [name, vnic] : vnics_) all.push_back(vnic.stored.spec);
  return all;
}

Outcome<Registry::Vnics::iterator> Registry::find(std::string_view vf) {
  if (const auto named = vnics_.find(vf); named != vnics_.end()) return named;
  auto found = vnics_.end();
  std::string names;
  for (auto at = vnics_.begin(); at != vnics_.end(); ++at) {
    if (at->second.stored.spec.app != vf) continue;
    names += " " + at->first;
    found = at;
  }
  if (found == vnics_.end())
    return fail(Error::Code::not_found, "there is no VF and no app with a VF called " + quote(vf),
                "see: arrakisctl list-vfs");
  if (names != " " + found->first)
    return fail(Error::Code::conflict, "app " + quote(vf) + " has several VFs:" + names,
                "name one of them");
  return found;
}

VnicReport Registry::report(const Vnic& vnic) {
  const VnicSpec& spec = vnic.stored.spec;
  VnicReport report{.spec = spec,
                    .state = Vnic::State::assigned,
                    .pid = 0,
                    .device = {},
                    .counters = {},
                    .enforced = vnic.stored.enforced,
                    .read_back = {}};
  if (const Lease* held = lease_of(spec.app)) {
    report.state = Vnic::State::attached;
    report.pid = held->stored.process.pid;
  }
  if (vnic.is_quarantined) report.state = Vnic::State::quarantined;
  if (Provider* kind = provider(spec.provider)) {
    report.device = kind->device(spec);
    if (const auto counted = kind->counters(spec)) report.counters = *counted;
    report.read_back = kind->read_back(spec);
  }
  return report;
}

void Registry::tell(std::string_view app, std::string_view vnic, Observer::Event event) {
  const Lease* held = lease_of(app);
  if (observer_ != nullptr && held != nullptr) observer_->vnic_changed(held->id, vnic, event);
}

std::vector<VnicReport> Registry::list() {
  std::vector<VnicReport> all;
  for (const auto& [name, vnic] : vnics_) all.push_back(report(vnic));
  std::ranges::sort(all, [](const VnicReport& a, const VnicReport& b) {  // vf9 before vf10
    return std::pair{a.spec.name.size(), a.spec.name} < std::pair{b.spec.name.size(), b.spec.name};
  });
  return all;
}

std::vector<int> Registry::news_fds() const {
  std::vector<int> fds;
  for (const auto& each : parts_.providers)
    for (const int fd : each->news_fds()) fds.push_back(fd);
  return fds;
}

std::vector<Finding> Registry::diagnose() {
  std::vector<Finding> all = diagnose_daemon(policy());
  for (const auto& each : parts_.providers)
    for (Finding& finding : each->diagnose()) all.push_back(std::move(finding));
  return all;
}

Outcome<VnicReport> Registry::assign(const AssignRequest& request, bool dry_run) {
  Outcome<VnicSpec> spec = decide_vnic(policy(), specs(), request);
  if (!spec) return std::unexpected(spec.error());
  Provider* kind = provider(spec->provider);
  if (kind == nullptr)
    return fail(Error::Code::unavailable, "this arrakisd has no provider " + quote(spec->provider),
                "see: arrakisctl doctor");
  Outcome<std::vector<std::string>> enforced = kind->check(*spec);
  if (!enforced) return std::unexpected(enforced.error());
  Vnic vnic{.stored = {*spec, spec->rate, spec->filters, *std::move(enforced)}};
  if (dry_run) return report(vnic);

  parts_.failpoints.reach("assign.checked");
  if (auto made = kind->reserve(vnic.stored.spec); !made) return std::unexpected(made.error());
  parts_.failpoints.reach("assign.reserved");
  if (auto made = create_for_holder(vnic.stored.spec); !made) return std::unexpected(made.error());
  parts_.failpoints.reach("assign.created");
  if (auto saved = parts_.store.save(vnic.stored); !saved) {
    if (lease_of(spec->app) != nullptr) (void)kind->scrub(vnic.stored.spec);
    return std::unexpected(saved.error());
  }
  parts_.failpoints.reach("assign.saved");
  return report(vnics_.emplace(spec->name, std::move(vnic)).first->second);
}

Outcome<VnicReport> Registry::release(std::string_view vf, bool dry_run) {
  const auto found = find(vf);
  if (!found) return std::unexpected(found.error());
  VnicReport last = report((*found)->second);
  if (dry_run) return last;
  const VnicSpec& spec = last.spec;
  if (auto begun = parts_.store.begin_release(spec.name); !begun)
    return std::unexpected(begun.error());
  parts_.failpoints.reach("release.begun");
  tell(spec.app, spec.name, Observer::Event::revoked);
  if (auto scrubbed = scrub((*found)->second); !scrubbed) {
    // Nobody else may have it as it is: the assignment stays, and holds it.
    if (auto kept = parts_.store.cancel_release(spec.name); !kept)
      return std::unexpected(kept.error());
    return std::unexpected(scrubbed.error());
  }
  parts_.failpoints.reach("release.destroyed");
  // From here on there is no way back: if the store fails, the intent stays and completes it later.
  const Outcome<void> done = parts_.store.finish_release(spec.name);
  parts_.failpoints.reach("release.finished");
  if (const auto held = leases_.find(spec.app); held != leases_.end())
    std::erase_if(held->second.stored.opened,
                  [&](const std::string& key) { return key.starts_with(spec.name + "/"); });
  vnics_.erase(*found);
  if (!done) return std::unexpected(done.error());
  return last;
}

// The provider that must change kernel objects for `changed`; nullptr when nobody is attached and
// there are none, and it has only said that it could.
Outcome<Provider*> Registry::enforcer(const VnicSpec& changed) {
  Provider* kind = provider(changed.provider);
  if (kind == nullptr) return fail(Error::Code::unavailable, "its provider is gone");
  if (lease_of(changed.app) != nullptr) return kind;
  if (auto may = kind->check(changed); !may) return std::unexpected(may.error());
  return nullptr;
}

Outcome<void> Registry::apply_rate(Vnic& vnic, Rate rate, Rate granted) {
  StoredVnic changed = vnic.stored;
  changed.spec.rate = rate;
  changed.granted_rate = granted;
  const Outcome<Provider*> live = enforcer(changed.spec);
  if (!live) return std::unexpected(live.error());
  if (*live != nullptr)
    if (auto set = (*live)->set_rate(vnic.stored.spec, rate); !set) return set;
  parts_.failpoints.reach("rate.set");
  if (auto saved = parts_.store.save(changed); !saved) {
    if (*live != nullptr) (void)(*live)->set_rate(vnic.stored.spec, vnic.stored.spec.rate);
    return saved;
  }
  vnic.stored = std::move(changed);
  tell(vnic.stored.spec.app, vnic.stored.spec.name, Observer::Event::rate_changed);
  return {};
}

Outcome<void> Registry::apply_filters(Vnic& vnic, std::vector<Filter> filters,
                                      std::vector<Filter> granted) {
  StoredVnic changed = vnic.stored;
  changed.spec.filters = std::move(filters);
  changed.granted_filters = std::move(granted);
  const Outcome<Provider*> live = enforcer(changed.spec);
  if (!live) return std::unexpected(live.error());
  if (*live != nullptr)
    if (auto set = (*live)->set_filters(vnic.stored.spec, changed.spec.filters); !set) return set;
  parts_.failpoints.reach("filters.set");
  if (auto saved = parts_.store.save(changed); !saved) {
    if (*live != nullptr) (void)(*live)->set_filters(vnic.stored.spec, vnic.stored.spec.filters);
    return saved;
  }
  vnic.stored = std::move(changed);
  tell(vnic.stored.spec.app, vnic.stored.spec.name, Observer::Event::filters_changed);
  return {};
}

Outcome<VnicReport> Registry::set_rate(std::string_view vf, Rate rate, bool dry_run) {
  const auto found = find(vf);
  if (!found) return std::unexpected(found.error());
  Vnic& vnic = (*found)->second;
  const Outcome<Rate> decided = decide_rate(rate_cap(policy(), vnic.stored.spec), rate);
  if (!decided) return std::unexpected(decided.error());
  if (dry_run) {
    VnicReport planned = report(vnic);
    planned.spec.rate = *decided;
    return planned;
  }
  if (auto applied = apply_rate(vnic, *decided, *decided); !applied)
    return std::unexpected(applied.error());
  return report(vnic);
}

Outcome<VnicReport> Registry::add_filter(std::string_view vf, const Filter& filter, bool dry_run) {
  const auto found = find(vf);
  if (!found) return std::unexpected(found.error());
  Vnic& vnic = (*found)->second;
  if (auto may = may_filter(policy(), vnic.stored.spec.app, filter); !may)
    return std::unexpected(may.error());
  auto filters = with_filter(vnic.stored.spec.filters, filter);
  if (!filters) return std::unexpected(filters.error());
  auto granted = with_filter(vnic.stored.granted_filters, filter);
  if (!granted) return std::unexpected(granted.error());
  if (dry_run) {
    VnicReport planned = report(vnic);
    planned.spec.filters = *std::move(filters);
    return planned;
  }
  if (auto applied = apply_filters(vnic, *std::move(filters), *std::move(granted)); !applied)
    return std::unexpected(applied.error());
  return report(vnic);
}

}  // namespace arrakis::control
