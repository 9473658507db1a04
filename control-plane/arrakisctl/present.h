// present.h: records as tables for people. Pure.
#pragma once

#include <span>
#include <string>

#include "control-plane/arrakisctl/records.h"
#include "control-plane/arrakisctl/table.h"

namespace arrakis::ctl {

Table table_of(std::span<const VfRecord> vfs);
Table table_of(std::span<const AppRecord> apps);
Table table_of(const Status& status);
Table filter_table(std::span<const VfRecord> vfs);

// A line each of what it is; of what happened to it, once something has.
Table description_of(const VfRecord& vf);
Table counters_of(const VfRecord& vf);

enum class Colour : bool { no, yes };
// "PASS  kernel: 6.1.0", why and remedy under what is not well, a line of totals at the end.
std::string report_of(std::span<const Finding> findings, Colour colour);

}  // namespace arrakis::ctl
