// The part of Registry that settles with the kernel what happened without us. Once, at start, state
// and kernel may each be ahead of the other:
//
//   release that was cut off   completed: the application may have seen its end already
//   lease of a living process  its kernel objects are taken over, and bounded as the state says
//   any other lease            void
//   all other kernel objects   removed, by adopt()
#include <spdlog/spdlog.h>

#include <algorithm>

#include "control-plane/arrakisd/registry.h"
#include "control-plane/model/quote.h"

namespace arrakis::control {

Outcome<void> Registry::complete_releases() {
  const auto releases = parts_.store.begun_releases();
  if (!releases) return std::unexpected(releases.error());
  for (const std::string& vnic : *releases) {
    spdlog::warn("audit: release of {} was cut off, and is completed", vnic);
    if (auto finished = parts_.store.finish_release(vnic); !finished) return finished;
  }
  return {};
}

Outcome<std::vector<StoredLease>> Registry::living_leases() {
  auto leases = parts_.store.leases();
  if (!leases) return leases;
  std::vector<StoredLease> living;
  for (StoredLease& lease : *leases) {
    if (lease.boot_id == parts_.boot_id && parts_.is_alive(lease.process)) {
      living.push_back(std::move(lease));
      continue;
    }
    spdlog::info("audit: void lease {} pid={}", lease.app, lease.process.pid);
    if (auto removed = parts_.store.remove_lease(lease.app); !removed)
      return std::unexpected(removed.error());
  }
  return living;
}

void Registry::settle_kernel() {
  std::vector<std::string> lost;
  for (const auto& kind : parts_.providers) {
    std::vector<VnicSpec> live;
    for (const auto& [name, vnic] : vnics_)
      if (vnic.stored.spec.provider == kind->name() && lease_of(vnic.stored.spec.app) != nullptr)
        live.push_back(vnic.stored.spec);
    std::ranges::move(kind->adopt(live), std::back_inserter(lost));
  }
  for (auto& [name, vnic] : vnics_) {
    const VnicSpec& spec = vnic.stored.spec;
    Provider* kind = provider(spec.provider);
    if (lease_of(spec.app) == nullptr) {
      reset_to_grant(vnic);
    } else if (kind == nullptr || std::ranges::find(lost, name) != lost.end()) {
      spdlog::error("{} of app {} lost its kernel objects: restart the app", name, spec.app);
      vnic.is_quarantined = true;
    } else {
      // The state decides: a change that was cut off has not happened.
      const auto rate = kind->set_rate(spec, spec.rate);
      const auto filters = kind->set_filters(spec, spec.filters);
      if (!rate) spdlog::error("{}: {}", name, rate.error().message);
      if (!filters) spdlog::error("{}: {}", name, filters.error().message);
    }
  }
}

void Registry::heed_news() {
  const std::vector<VnicSpec> all = specs();
  for (const auto& kind : parts_.providers)
    for (const VnicNews& news : kind->take_news(all)) {
      const auto found = vnics_.find(news.vnic);
      if (found == vnics_.end()) continue;
      using enum Observer::Event;
      const std::string& app = found->second.stored.spec.app;
      if (news.kind == VnicNews::Kind::dma_fault) {
        const Lease* held = lease_of(app);
        spdlog::error("audit: dma-fault {} of app {} pid={}: {}", news.vnic, quote(app),
                      held == nullptr ? 0 : held->stored.process.pid, news.text);
      } else if (news.kind == VnicNews::Kind::removed) {
        spdlog::error("audit: {} of app {} was unplugged", news.vnic, app);
        found->second.is_quarantined = lease_of(app) != nullptr;
        tell(app, news.vnic, revoked);
      } else {
        const bool is_up = news.kind == VnicNews::Kind::link_up;
        // A card forgets a rate when its link comes back at another speed.
        const VnicSpec& spec = found->second.stored.spec;
        const auto set =
            is_up && lease_of(app) != nullptr ? kind->set_rate(spec, spec.rate) : Outcome<void>{};
        if (!set) spdlog::error("{}: {}", news.vnic, set.error().message);
        tell(app, news.vnic, is_up ? link_up : link_down);
      }
    }
}

Outcome<std::vector<Lease>> Registry::recover() {
  if (auto settled = complete_releases(); !settled) return std::unexpected(settled.error());
  auto vnics = parts_.store.vnics();
  if (!vnics) return std::unexpected(vnics.error());
  for (StoredVnic& stored : *vnics) {
    std::string name = stored.spec.name;
    vnics_.emplace(std::move(name), Vnic{.stored = std::move(stored)});
  }
  auto living = living_leases();
  if (!living) return std::unexpected(living.error());
  std::vector<Lease> held;
  for (StoredLease& stored : *living) {
    const LeaseId id = hold(std::move(stored));
    session_closed(id);
    held.push_back(*lease(id));
  }
  settle_kernel();
  return held;
}

}  // namespace arrakis::control
