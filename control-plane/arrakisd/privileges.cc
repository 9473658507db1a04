#include "control-plane/arrakisd/privileges.h"

#include <cap-ng.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <string>

namespace arrakis::control {
namespace {

struct Needed {
  unsigned capability;
  const char* name;
};

constexpr std::array needed{
    Needed{CAP_NET_ADMIN, "CAP_NET_ADMIN"},        // netdevs, XDP attachment, ethtool
    Needed{CAP_NET_RAW, "CAP_NET_RAW"},            // socket(AF_XDP)
    Needed{CAP_BPF, "CAP_BPF"},                    // maps and programs
    Needed{CAP_PERFMON, "CAP_PERFMON"},            // the verifier's rules for packet pointers
    Needed{CAP_IPC_LOCK, "CAP_IPC_LOCK"},          // UMEM is pinned beyond RLIMIT_MEMLOCK
    Needed{CAP_SYS_RESOURCE, "CAP_SYS_RESOURCE"},  // our RLIMIT_NOFILE: descriptors of many VNICs
    Needed{CAP_SYS_ADMIN, "CAP_SYS_ADMIN"},  // BPF_*_GET_FD_BY_ID: our programs after a restart
    Needed{CAP_DAC_OVERRIDE, "CAP_DAC_OVERRIDE"},  // state and socket in directories of others
};

void raise_descriptor_limit() {
  rlimit limit{65536, 65536};
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

Outcome<void> require_privileges() {
  capng_get_caps_process();
  for (const Needed& each : needed)
    if (capng_have_capability(CAPNG_EFFECTIVE, each.capability) == 0)
      return fail(Error::Code::denied,
                  std::string{"arrakisd must be started by root: it lacks "} + each.name,
                  ::geteuid() == 0 ? "start it outside of the container, or give it that capability"
                                   : "start it with sudo");
  return {};
}

Outcome<void> keep_needed_privileges() {
  raise_descriptor_limit();
  capng_clear(CAPNG_SELECT_BOTH);
  for (const Needed& each : needed)
    capng_update(CAPNG_ADD, static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED),
                 each.capability);
  if (capng_apply(CAPNG_SELECT_BOTH) != 0 || ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return fail(Error::Code::internal, "capabilities could not be dropped");
  return {};
}

}  // namespace arrakis::control
