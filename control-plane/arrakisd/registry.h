// registry.h: every VNIC of the machine and who holds it: the daemon without its sockets.
//
// Threads:  one.
// Kernel:   a VNIC has kernel objects while a process is attached, and only then: an assignment
//           alone costs no memory, and each process meets fresh ones.
// Order:    kernel first, then the state: the row is the commit. A crash in between is undone by
//           recover(), because adopt() of the providers removes what the state does not know. The
//           one thing that cannot be undone, to take a VNIC from a process, is announced in the
//           journal and completed. The names of the steps are the failpoints.
// Lifetime: capabilities of clients name a lease by number and a VNIC by name, never by pointer, so
//           what was revoked is simply not found any more.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control-plane/arrakisd/failpoint.h"
#include "control-plane/model/request.h"
#include "control-plane/policy/policy.h"
#include "control-plane/providers/provider.h"
#include "control-plane/state/store.h"

namespace arrakis::control {

using LeaseId = std::uint64_t;  // 0: none; never used twice while the daemon runs

struct Lease {
  LeaseId id = 0;
  StoredLease stored;
  bool has_session = false;  // a client holds the capability now
};

struct Vnic {
  enum class State : std::uint8_t { assigned, attached, quarantined };
  StoredVnic stored;
  // Its kernel objects vanished under the process that is attached, or could not be scrubbed.
  bool is_quarantined = false;
};

// What an administrator sees of it.
struct VnicReport {
  VnicSpec spec;
  Vnic::State state;
  std::int32_t pid;
  std::string device;
  VnicCounters counters;
  std::vector<std::string> enforced;
  std::vector<std::string> read_back;
};

// What happens to leases, for the ears of their holders.
class Observer {
 public:
  enum class Event : std::uint8_t { link_down, link_up, revoked, rate_changed, filters_changed };
  virtual void vnic_changed(LeaseId lease, std::string_view vnic, Event event) = 0;
  virtual void lease_ended(LeaseId lease) = 0;

 protected:
  ~Observer() noexcept(false) = default;
};

class Registry {
 public:
  struct Parts {
    Policy policy;
    Store store;
    std::vector<std::unique_ptr<Provider>> providers;
    Failpoints failpoints;
    std::string boot_id;
    std::function<bool(const ProcessId&)> is_alive;
  };
  explicit Registry(Parts parts) : parts_{std::move(parts)} {}

  // Once, before anything else: makes state and kernel agree. Returns the leases that still live.
  Outcome<std::vector<Lease>> recover();
  void observe(Observer* observer) { observer_ = observer; }

  const Policy& policy() const { return parts_.policy; }
  void replace(Policy policy) { parts_.policy = std::move(policy); }

  // For administrators: the caller has asked may_administer(). `vf`: a VNIC's or an app's name.
  Outcome<VnicReport> assign(const AssignRequest& request, bool dry_run);
  Outcome<VnicReport> release(std::string_view vf, bool dry_run);
  Outcome<VnicReport> set_rate(std::string_view vf, Rate rate, bool dry_run);
  Outcome<VnicReport> add_filter(std::string_view vf, const Filter& filter, bool dry_run);
  std::vector<VnicReport> list();
  std::vector<Finding> diagnose();
  std::vector<std::string> provider_names() const;
  // Whoever has news: readable descriptors, and what to do when one is.
  std::vector<int> news_fds() const;
  void heed_news();

  // For applications.
  Outcome<LeaseId> attach(const Subject& subject, const ProcessId& process, std::string_view app);
  Outcome<LeaseId> restore(const ProcessId& process, std::span<const std::uint8_t> token);
  const Lease* lease(LeaseId id) const;
  const Lease* lease_of(std::string_view app) const;
  std::vector<Lease> leases() const;
  void session_closed(LeaseId id);  // the lease stays
  void reclaim(LeaseId id);         // the process has ended

  std::vector<std::string> vnics_of(LeaseId id) const;
  // Not found when the lease has ended or the VNIC was released.
  Outcome<const StoredVnic*> vnic(LeaseId id, std::string_view name) const;
  Outcome<QueueGrant> open_queue(LeaseId id, std::string_view vnic, std::uint16_t queue);
  Outcome<void> set_own_rate(LeaseId id, std::string_view vnic, Rate rate);
  Outcome<void> assign_own_filter(LeaseId id, std::string_view vnic, const Filter& filter);

 private:
  using Vnics = std::map<std::string, Vnic, std::less<>>;

  Provider* provider(std::string_view name) const;
  std::vector<VnicSpec> specs() const;
  Outcome<Vnics::iterator> find(std::string_view vf);
  VnicReport report(const Vnic& vnic);
  void tell(std::string_view app, std::string_view vnic, Observer::Event event);

  Outcome<Provider*> enforcer(const VnicSpec& changed);
  Outcome<void> apply_rate(Vnic& vnic, Rate rate, Rate granted);
  Outcome<void> apply_filters(Vnic& vnic, std::vector<Filter> filters, std::vector<Filter> granted);

  Lease* find_lease(LeaseId id);
  Outcome<void> make_room(const ProcessId& process, std::string_view app);
  LeaseId hold(StoredLease stored);
  Outcome<void> scrub(Vnic& vnic);
  void scrub_all_of(std::string_view app);
  Outcome<void> create(VnicSpec& spec, const ProcessId& process);  // whole or not at all
  Outcome<void> create_for_holder(VnicSpec& spec);
  Outcome<void> create_all_of(std::string_view app, const ProcessId& process);  // all or none
  void reset_to_grant(Vnic& vnic);

  Outcome<void> complete_releases();
  Outcome<std::vector<StoredLease>> living_leases();
  void settle_kernel();

  Parts parts_;
  Observer* observer_ = nullptr;
  Vnics vnics_;
  std::map<std::string, Lease, std::less<>> leases_;  // by application
  LeaseId next_lease_ = 1;
};

}  // namespace arrakis::control
