// The part of Registry that applications meet: leases, queues and what they may narrow themselves.
#include <spdlog/spdlog.h>
#include <sys/random.h>

#include <algorithm>

#include "control-plane/arrakisd/registry.h"
#include "control-plane/model/quote.h"
#include "control-plane/policy/decide.h"

namespace arrakis::control {
namespace {

Outcome<Token> new_token() {
  Token token;
  if (::getrandom(token.data(), token.size(), 0) == std::ssize(token)) return token;
  return fail(Error::Code::internal, "the kernel gives no random bytes");
}

// Without a branch on secret bytes: the time it takes says nothing about where they differ.
bool same(const Token& token, std::span<const std::uint8_t> given) {
  if (given.size() != token.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < token.size(); ++i)
    difference |= static_cast<unsigned>(token[i] ^ given[i]);
  return difference == 0;
}

std::unexpected<Error> gone(std::string_view what) {
  return fail(Error::Code::not_found, std::string{what} + " was released", "attach again");
}

}  // namespace

std::vector<Lease> Registry::leases() const {
  std::vector<Lease> all;
  for (const auto& [app, lease] : leases_) all.push_back(lease);
  return all;
}

const Lease* Registry::lease_of(std::string_view app) const {
  const auto found = leases_.find(app);
  return found == leases_.end() ? nullptr : &found->second;
}

const Lease* Registry::lease(LeaseId id) const {
  for (const auto& [app, held] : leases_)
    if (held.id == id) return &held;
  return nullptr;
}

Lease* Registry::find_lease(LeaseId id) { return const_cast<Lease*>(lease(id)); }

LeaseId Registry::hold(StoredLease stored) {
  const LeaseId id = next_lease_++;
  std::string app = stored.app;
  leases_.insert_or_assign(std::move(app), Lease{id, std::move(stored), true});
  return id;
}

// At most one process holds a name. A dead one, whose pidfd has not been heard yet, makes room; so
// does an earlier attachment of the same process that no client holds any more.
Outcome<void> Registry::make_room(const ProcessId& process, std::string_view app) {
  const Lease* held = lease_of(app);
  if (held == nullptr) return {};
  const ProcessId& holder = held->stored.process;
  const bool is_own = holder == process;
  if ((is_own && !held->has_session) || !parts_.is_alive(holder)) {
    reclaim(held->id);
    return {};
  }
  return fail(Error::Code::conflict,
              is_own
                  ? "this process is attached as app " + quote(app) + " already"
                  : "process " + std::to_string(holder.pid) + " is attached as app " + quote(app),
              is_own ? "use the session it has" : "stop that process, or use another app's name");
}

Outcome<LeaseId> Registry::attach(const Subject& subject, const ProcessId& process,
                                  std::string_view app) {
  if (auto may = may_attach(policy(), subject, app); !may) return std::unexpected(may.error());
  if (!parts_.is_alive(process))
    return fail(Error::Code::denied, "the process that connected has ended");
  if (auto room = make_room(process, app); !room) return std::unexpected(room.error());

  const Outcome<Token> token = new_token();
  if (!token) return std::unexpected(token.error());
  if (auto made = create_all_of(app, process); !made) return std::unexpected(made.error());
  parts_.failpoints.reach("attach.created");
  StoredLease stored{std::string{app}, process, *token, parts_.boot_id, {}};
  if (auto saved = parts_.store.save(stored); !saved) {
    scrub_all_of(app);
    return std::unexpected(saved.error());
  }
  parts_.failpoints.reach("attach.leased");
  return hold(std::move(stored));
}

Outcome<LeaseId> Registry::restore(const ProcessId& process, std::span<const std::uint8_t> token) {
  for (auto& [app, held] : leases_) {
    if (held.stored.process != process || !same(held.stored.token, token)) continue;
    held.has_session = true;
    return held.id;
  }
  return fail(Error::Code::denied, "no session of this process has that token", "attach again");
}

void Registry::session_closed(LeaseId id) {
  if (Lease* held = find_lease(id)) held->has_session = false;
}

void Registry::reclaim(LeaseId id) {
  const Lease* held = lease(id);
  if (held == nullptr) return;
  const StoredLease stored = held->stored;
  if (observer_ != nullptr) observer_->lease_ended(id);
  leases_.erase(stored.app);
  scrub_all_of(stored.app);
  parts_.failpoints.reach("reclaim.destroyed");
  if (auto removed = parts_.store.remove_lease(stored.app); !removed)
    spdlog::error("lease of {}: {}", stored.app, removed.error().message);
  parts_.failpoints.reach("reclaim.removed");
  for (auto& [name, vnic] : vnics_) {
    if (vnic.stored.spec.app == stored.app) reset_to_grant(vnic);
  }
  spdlog::info("audit: reclaim {} pid={}", quote(stored.app), stored.process.pid);
}

Outcome<void> Registry::scrub(Vnic& vnic) {
  const VnicSpec& spec = vnic.stored.spec;
  Provider* kind = provider(spec.provider);
  const Outcome<void> scrubbed = kind == nullptr ? Outcome<void>{} : kind->scrub(spec);
  vnic.is_quarantined = !scrubbed;
  if (!scrubbed)
    spdlog::error("audit: quarantine {}: {}", spec.name, one_line(scrubbed.error().message));
  return scrubbed;
}

void Registry::scrub_all_of(std::string_view app) {
  for (auto& [name, vnic] : vnics_)
    if (vnic.stored.spec.app == app) (void)scrub(vnic);
}

Outcome<void> Registry::create(VnicSpec& spec, const ProcessId& process) {
  Provider* kind = provider(spec.provider);
  if (kind == nullptr)
    return fail(Error::Code::unavailable, "the provider of " + spec.name + " is gone");
  if (auto made = kind->create(spec); !made) return made;
  parts_.failpoints.reach("create.made");
  auto admitted = kind->admit(spec, {.pid = process.pid, .uid = process.uid});
  if (!admitted) (void)kind->scrub(spec);
  return admitted;
}

// For the process that is attached, if there is one. A process may end at any moment, also while
// the provider is at work for it, and the daemon hears of it later: its death is no failure of the
// assignment, whatever the provider makes of it.
Outcome<void> Registry::create_for_holder(VnicSpec& spec) {
  const Lease* held = lease_of(spec.app);
  if (held == nullptr) return {};
  const ProcessId process = held->stored.process;
  if (parts_.is_alive(process)) {
    auto made = create(spec, process);
    if (made || parts_.is_alive(process)) return made;
  }
  reclaim(held->id);
  return {};
}

Outcome<void> Registry::create_all_of(std::string_view app, const ProcessId& process) {
  Outcome<void> made = fail(Error::Code::not_found, "app " + quote(app) + " has no VF",
                            "sudo arrakisctl assign-vf --app " + std::string{app});
  for (auto& [name, vnic] : vnics_) {
    if (vnic.stored.spec.app != app) continue;
    const VnicSpec before = vnic.stored.spec;
    made = create(vnic.stored.spec, process);
    if (made) vnic.is_quarantined = false;
    // A shared netdev's MAC and a neighbour are known only now.
    if (made && vnic.stored.spec != before) made = parts_.store.save(vnic.stored);
    if (!made) break;
  }
  if (!made) scrub_all_of(app);  // harmless for those that were not made
  return made;
}

// What the last process did to its own bounds ends with it.
void Registry::reset_to_grant(Vnic& vnic) {
  StoredVnic& stored = vnic.stored;
  if (stored.spec.rate == stored.granted_rate && stored.spec.filters == stored.granted_filters)
    return;
  stored.spec.rate = stored.granted_rate;
  stored.spec.filters = stored.granted_filters;
  if (auto saved = parts_.store.save(stored); !saved)
    spdlog::error("{}: {}", stored.spec.name, saved.error().message);
}

std::vector<std::string> Registry::vnics_of(LeaseId id) const {
  std::vector<std::string> names;
  const Lease* held = lease(id);
  if (held == nullptr) return names;
  for (const auto& [name, vnic] : vnics_)
    if (vnic.stored.spec.app == held->stored.app) names.push_back(name);
  return names;
}

Outcome<const StoredVnic*> Registry::vnic(LeaseId id, std::string_view name) const {
  const Lease* held = lease(id);
  const auto found = vnics_.find(name);
  if (held == nullptr || found == vnics_.end() || found->second.stored.spec.app != held->stored.app)
    return gone(name);
  return &found->second.stored;
}

Outcome<QueueGrant> Registry::open_queue(LeaseId id, std::string_view name, std::uint16_t queue) {
  const Outcome<const StoredVnic*> found = vnic(id, name);
  if (!found) return std::unexpected(found.error());
  const VnicSpec& spec = (*found)->spec;
  if (queue >= spec.queues)
    return fail(Error::Code::not_found, "there is no such queue",
                "queues count from 0 to " + std::to_string(spec.queues - 1));
  Lease& held = *find_lease(id);
  const std::string key = spec.name + "/" + std::to_string(queue);
  std::vector<std::string>& opened = held.stored.opened;
  if (std::ranges::find(opened, key) != opened.end())
    return fail(Error::Code::conflict, "queue " + key + " is open already",
                "use the descriptors that came with the first answer");
  Outcome<QueueGrant> grant = provider(spec.provider)->open(spec, queue);
  if (!grant) return grant;
  opened.push_back(key);
  // The rings are with the daemon until the answer leaves: a store that fails ends the attempt.
  if (auto saved = parts_.store.save(held.stored); !saved) return std::unexpected(saved.error());
  parts_.failpoints.reach("open.saved");
  return grant;
}

Outcome<void> Registry::set_own_rate(LeaseId id, std::string_view name, Rate rate) {
  if (auto found = vnic(id, name); !found) return std::unexpected(found.error());
  Vnic& own = vnics_.find(name)->second;
  const Outcome<Rate> decided = decide_rate(own.stored.granted_rate, rate);
  if (!decided) return std::unexpected(decided.error());
  return apply_rate(own, *decided, own.stored.granted_rate);
}

Outcome<void> Registry::assign_own_filter(LeaseId id, std::string_view name, const Filter& filter) {
  if (auto found = vnic(id, name); !found) return std::unexpected(found.error());
  Vnic& own = vnics_.find(name)->second;
  if (auto may = may_filter(policy(), own.stored.spec.app, filter); !may) return may;
  auto filters = with_filter(own.stored.spec.filters, filter);
  if (!filters) return std::unexpected(filters.error());
  return apply_filters(own, *std::move(filters), own.stored.granted_filters);
}

}  // namespace arrakis::control
