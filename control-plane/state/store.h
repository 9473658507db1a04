// store.h: what survives the daemon: VNICs, leases and the journal of releases under way.
//
// Threads:  one.
// Durable:  a call that returned without an error is on the medium (WAL, synchronous=FULL).
// Errors:   one line with what to do; a damaged or newer database is refused at open, never
// repaired.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "control-plane/model/vnic.h"
#include "control-plane/state/sqlite.h"

namespace arrakis::control {

// What stands for a process over all time: a pid alone is used again.
struct ProcessId {
  std::int32_t pid = 0;
  std::uint64_t start_ticks = 0;  // /proc/PID/stat, field 22: clock ticks since boot
  std::uint32_t uid = 0;

  friend bool operator==(const ProcessId&, const ProcessId&) = default;
};

using Token = std::array<std::uint8_t, 32>;

struct StoredVnic {
  VnicSpec spec;                        // rate and filters as they are in force
  Rate granted_rate;                    // as the administrator gave them: in force again for the
  std::vector<Filter> granted_filters;  // next process
  std::vector<std::string> enforced;
};

struct StoredLease {
  std::string app;
  ProcessId process;
  Token token{};
  std::string boot_id;
  std::vector<std::string> opened;  // "vf0/0": queues whose rings went out
};

class Store {
 public:
  // A file, or ":memory:".
  static Outcome<Store> open(const std::string& path);

  Outcome<std::vector<StoredVnic>> vnics();
  Outcome<std::vector<StoredLease>> leases();

  Outcome<void> save(const StoredVnic& vnic);
  Outcome<void> save(const StoredLease& lease);
  Outcome<void> remove_lease(std::string_view app);

  // The journal: a release that was begun will be finished, by whoever comes next.
  Outcome<void> begin_release(std::string_view vnic);
  Outcome<void> finish_release(std::string_view vnic);
  Outcome<void> cancel_release(std::string_view vnic);  // it could not be done
  Outcome<std::vector<std::string>> begun_releases();

 private:
  explicit Store(Database database) : database_{std::move(database)} {}
  Outcome<void> write(const StoredVnic& vnic);
  Outcome<void> write_items(const StoredVnic& vnic);
  Outcome<void> read_items(StoredVnic& vnic);
  Outcome<void> write_function(const VnicSpec& spec);
  Outcome<void> read_function(VnicSpec& spec);
  Outcome<void> run_with(const char* sql, std::string_view key);

  Database database_;
};

}  // namespace arrakis::control
