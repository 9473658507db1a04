// deadline_write.h: one write(2) in a process of its own, waited for no longer than a deadline.
//
// The writer is not our child but init's: a write that the kernel never ends leaves no zombie here,
// and no child that a caller's waitpid could meet. An alarm ends it as soon as it can be ended.
#pragma once

#include <string>
#include <string_view>

#include "base/instant.h"

namespace arrakis::vfio {

// 0, the errno of open or write, or ETIMEDOUT: whether it was done is then unknown.
int write_within(const std::string& path, std::string_view text, Duration deadline);

}  // namespace arrakis::vfio
