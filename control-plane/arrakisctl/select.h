// select.h: the VFs that a name means: the VF of that name, else those of the application.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "control-plane/arrakisctl/records.h"
#include "control-plane/arrakisctl/result.h"

namespace arrakis::ctl {

// Not found: no VF is meant.
Result<std::vector<VfRecord>> select(std::span<const VfRecord> vfs, std::string_view name);
// Conflict: several are.
Result<VfRecord> select_one(std::span<const VfRecord> vfs, std::string_view name);

}  // namespace arrakis::ctl
