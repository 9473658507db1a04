// decide.h: the decisions. Each is a function of the policy, of what exists and of what is asked;
// the answer is complete (nothing is left open for later) or an Error that says what to change.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "control-plane/model/request.h"
#include "control-plane/model/vnic.h"
#include "control-plane/policy/policy.h"

namespace arrakis::control {

Outcome<void> may_administer(const Policy& policy, const Subject& subject);
Outcome<void> may_attach(const Policy& policy, const Subject& subject, std::string_view app);

// Into a process of `owner`'s: packets are seen, so its user may, and root. Administrators may not.
Outcome<void> may_look(const Subject& subject, std::string_view app, std::uint32_t owner);

// `present`: every VNIC of the machine. The answer has a free name, addresses and MAC.
Outcome<VnicSpec> decide_vnic(const Policy& policy, std::span<const VnicSpec> present,
                              const AssignRequest& request);

// The rate in force when `asked` is asked for; not limited means: as much as `cap` allows.
Outcome<Rate> decide_rate(Rate cap, Rate asked);
// What the policy lets this VNIC have at most.
Rate rate_cap(const Policy& policy, const VnicSpec& vnic);

// Within the authority of the application.
Outcome<void> may_filter(const Policy& policy, std::string_view app, const Filter& filter);
// `present` and `added`, checked against overlap; the same filter twice is one filter.
Outcome<std::vector<Filter>> with_filter(std::span<const Filter> present, const Filter& added);

}  // namespace arrakis::control
