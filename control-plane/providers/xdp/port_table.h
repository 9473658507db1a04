// port_table.h: what a VnicSpec becomes in a port's maps. Pure: no kernel is asked.
//
// Errors: none here; check_table() says beforehand what would not fit.
#pragma once

#include "base/error.h"
#include "control-plane/model/vnic.h"
#include "control-plane/providers/xdp/port_layout.h"

namespace arrakis::control::xdp {

// What cannot be said in a table: too many filters of one direction, a name too long, two addresses
// of one family.
Outcome<void> check_table(const VnicSpec& spec);

// The VNIC as a guard (filters of transmission, the rate) or as a recipient (filters of reception).
// Precondition: check_table().
ark_vnic guard_table(const VnicSpec& spec);
ark_vnic recipient_table(const VnicSpec& spec);

}  // namespace arrakis::control::xdp
