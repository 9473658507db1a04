// records.h: what arrakisd tells about itself, as values that outlive its messages.
//
// Errors: a VNIC that the model does not allow is the daemon's fault and said so (Exit::other).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "control-plane/arrakisctl/result.h"
#include "control-plane/model/vnic.h"
#include "protocol/arrakis.capnp.h"

namespace arrakis::ctl {

struct Counters {
  std::uint64_t received_packets = 0, received_bytes = 0;
  std::uint64_t transmitted_packets = 0, transmitted_bytes = 0;
  std::uint64_t filtered_receive = 0, forged_mac = 0, forged_address = 0, filtered_transmit = 0;
  std::uint64_t over_rate = 0, ring_full = 0, dma_faults = 0;
};

struct VfRecord {
  enum class State : std::uint8_t { assigned, attached, quarantined, unknown };

  control::VnicSpec vnic;  // with its app; device and wire are empty
  State state = State::assigned;
  std::int32_t pid = 0;  // 0: nobody is attached
  std::string device;    // netdev that the kernel sees, or the wire's name
  Counters counters;
  std::vector<std::string> enforced;   // outside the application's reach: "tx filter", "rate", ...
  std::vector<std::string> read_back;  // what the machine says of it: "rate 100M", "vlan 5", ...
};

// What could be enforced on a VNIC of some kind, and is not on this one.
std::vector<std::string> unenforced(const VfRecord& vf);

struct AppRecord {
  std::string name;
  std::vector<std::string> users, vfs;
  std::int32_t pid = 0;
};

struct Status {
  std::string release;
  std::int32_t pid = 0;
  std::int64_t started_at_s = 0;  // since the epoch
  std::string policy_file;
  std::vector<std::string> providers;
  std::uint32_t vfs = 0, attached = 0;
};

struct Finding {  // of doctor
  enum class Verdict : std::uint8_t { pass, warn, fail, skip };
  Verdict verdict = Verdict::pass;
  std::string subject, message, remedy;

  friend bool operator==(const Finding&, const Finding&) = default;
};

const char* to_string(VfRecord::State state);     // "attached"
const char* to_string(Finding::Verdict verdict);  // "PASS"

Result<VfRecord> record_of(protocol::VfRecord::Reader in);
AppRecord record_of(protocol::AppRecord::Reader in);
Status record_of(protocol::Status::Reader in);
Finding record_of(protocol::Finding::Reader in);

}  // namespace arrakis::ctl
