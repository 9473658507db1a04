// checks.h: what this machine has for Arrakis, found without a daemon and without privileges.
//
// Looking (look) and judging (judge) are apart, so that every verdict can be tested anywhere.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "control-plane/arrakisctl/records.h"

namespace arrakis::ctl {

struct Facts {
  std::string kernel_release;  // "6.1.0-18-amd64"
  bool has_xdp_sockets = false;
  uid_t euid = 0;
  std::uint64_t huge_pages = 0;                   // reserved, of the default size
  bool has_bpffs = false;                         // mounted somewhere
  std::optional<std::uint64_t> locked_bytes_max;  // RLIMIT_MEMLOCK; nothing: unlimited
};

Facts look();
std::vector<Finding> judge(const Facts& facts);

// Those of the daemon win over our own of the same subject: it looked closer.
std::vector<Finding> merged(std::vector<Finding> ours, std::vector<Finding> daemons);

}  // namespace arrakis::ctl
