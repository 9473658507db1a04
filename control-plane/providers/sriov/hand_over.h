// hand_over.h: what a process needs of us to open a VFIO group itself, and no more.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"

namespace arrakis::control::sriov {

// The device node belongs to this user alone.
Outcome<void> give_node(const std::string& path, std::uint32_t uid);

// RLIMIT_MEMLOCK of a running process, raised and never lowered.
Outcome<void> allow_locked_memory(std::int32_t pid, std::uint64_t bytes);

}  // namespace arrakis::control::sriov
