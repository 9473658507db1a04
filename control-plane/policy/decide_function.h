// decide_function.h: which virtual function of which card (provider sriov).
#pragma once

#include <span>
#include <string_view>

#include "base/error.h"
#include "control-plane/model/request.h"
#include "control-plane/model/vnic.h"
#include "control-plane/policy/allocate.h"
#include "control-plane/policy/policy.h"

namespace arrakis::control {

// The pool of `provider` that `app` draws from: its own if it names one, of the card if one is
// named, else the first. nullptr: none.
const PoolRule* choose_pool(const Policy& policy, const AppRule& app, std::string_view provider,
                            std::string_view card);

// The lowest virtual function of the pool's card that no VNIC has. A card that no pool names, or
// that is not managed, is left alone.
Outcome<VirtualFunction> decide_function(const Rules& rules, std::span<const VnicSpec> present,
                                         const AssignRequest& request);

}  // namespace arrakis::control
