#include "control-plane/arrakisd/privileges.h"

#include <cap-ng.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <string>

namespace arrakis::control {
namespace {

enum class Need : std::uint8_t { must, may };  // may: something works less well without it

struct Kept {
  unsigned capability;
  const char* name;
  Need need;
};

constexpr std::array kept{
    Kept{CAP_NET_ADMIN, "CAP_NET_ADMIN", Need::must},  // netdevs, XDP attachment, ethtool
    Kept{CAP_NET_RAW, "CAP_NET_RAW", Need::must},      // socket(AF_XDP)
    Kept{CAP_BPF, "CAP_BPF", Need::must},              // maps and programs
    Kept{CAP_PERFMON, "CAP_PERFMON", Need::may},       // the verifier's laxer rules for pointers
    Kept{CAP_SYS_ADMIN, "CAP_SYS_ADMIN", Need::may},   // BPF objects by id: ours, after a restart
    Kept{CAP_IPC_LOCK, "CAP_IPC_LOCK", Need::may},     // UMEM beyond RLIMIT_MEMLOCK
    Kept{CAP_CHOWN, "CAP_CHOWN", Need::may},           // /dev/vfio/GROUP to the application
    Kept{CAP_SYS_RESOURCE, "CAP_SYS_RESOURCE", Need::may},  // and memory that it may lock
    Kept{CAP_DAC_OVERRIDE, "CAP_DAC_OVERRIDE", Need::may},  // state in a directory of another user
};

bool has(unsigned capability) { return capng_have_capability(CAPNG_EFFECTIVE, capability) != 0; }

// A VNIC costs some descriptors for each queue. Beyond the hard limit it takes CAP_SYS_RESOURCE,
// which we still have if we ever had it.
void raise_descriptor_limit() {
  rlimit limit{65536, 65536};
  if (::setrlimit(RLIMIT_NOFILE, &limit) == 0 || ::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

Outcome<void> require_privileges() {
  capng_get_caps_process();
  for (const Kept& each : kept) {
    if (each.need == Need::may || has(each.capability)) continue;
    return fail(Error::Code::denied,
                std::string{"arrakisd must be started by root: it lacks "} + each.name,
                ::geteuid() == 0 ? "start it outside of the container, or give it that capability"
                                 : "start it with sudo");
  }
  return {};
}

Outcome<void> keep_needed_privileges() {
  raise_descriptor_limit();
  capng_get_caps_process();
  std::array<bool, kept.size()> held{};
  for (std::size_t i = 0; i < kept.size(); ++i) held[i] = has(kept[i].capability);
  capng_clear(CAPNG_SELECT_BOTH);
  constexpr auto sets = static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED);
  for (std::size_t i = 0; i < kept.size(); ++i)
    if (held[i]) capng_update(CAPNG_ADD, sets, kept[i].capability);
  // The bounding set needs CAP_SETPCAP, which a container may lack; NO_NEW_PRIVS closes it anyway.
  if (capng_apply(CAPNG_SELECT_CAPS) != 0 || ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return fail(Error::Code::internal, "capabilities could not be dropped");
  return {};
}

}  // namespace arrakis::control
