#include "control-plane/policy/decide_function.h"

#include <algorithm>

#include "control-plane/model/quote.h"

namespace arrakis::control {
namespace {

std::string place(const Policy& policy, std::uint32_t line) {
  return policy.file + ":" + std::to_string(line);
}

const VnicSpec* holder(std::span<const VnicSpec> present, const std::string& physical,
                       std::uint16_t index) {
  for (const VnicSpec& vnic : present)
    if (vnic.function && vnic.function->physical == physical && vnic.function->index == index)
      return &vnic;
  return nullptr;
}

Outcome<void> check_pool(const Rules& rules, const AssignRequest& request) {
  if (rules.pool == nullptr && !request.device.empty())
    return fail(Error::Code::denied,
                quote(request.device) + " is not ours: no pool that app " + quote(rules.app.name) +
                    " may use names it",
                "add pf = " + quote(request.device) + " to a pool of provider \"sriov\" in " +
                    rules.policy.file);
  if (rules.pool == nullptr)
    return fail(
        Error::Code::denied, "the policy has no pool of provider \"sriov\"",
        "add [pool.fast] with provider = \"sriov\", pf, vfs and addresses to " + rules.policy.file);
  if (!rules.pool->managed)
    return fail(
        Error::Code::denied,
        "pool " + quote(rules.pool->name) + " leaves " + rules.pool->physical +
            " alone (managed = false)",
        "set managed = true at " + place(rules.policy, rules.pool->line) + ", or use another pool");
  return {};
}

}  // namespace

const PoolRule* choose_pool(const Policy& policy, const AppRule& app, std::string_view provider,
                            std::string_view card) {
  const auto fits = [&](const PoolRule& pool) {
    return pool.provider == provider && (card.empty() || pool.physical == card);
  };
  if (const PoolRule* own = policy.pool(app.pool); own != nullptr && own->provider == provider)
    return fits(*own) ? own : nullptr;
  const auto found = std::ranges::find_if(policy.pools, fits);
  return found == policy.pools.end() ? nullptr : &*found;
}

Outcome<VirtualFunction> decide_function(const Rules& rules, std::span<const VnicSpec> present,
                                         const AssignRequest& request) {
  if (auto ours = check_pool(rules, request); !ours) return std::unexpected(ours.error());
  const PoolRule& pool = *rules.pool;
  VirtualFunction function{.physical = pool.physical,
                           .count = pool.functions,
                           .vlan = pool.vlan,
                           .unfiltered = pool.unfiltered,
                           .forced = request.force};
  while (holder(present, function.physical, function.index) != nullptr) ++function.index;
  if (function.index < function.count) return function;
  return fail(Error::Code::exhausted,
              "all " + std::to_string(function.count) + " virtual functions of " +
                  function.physical + " are assigned",
              "release one (see: arrakisctl list-vfs), or raise vfs at " +
                  place(rules.policy, pool.line) + " when none is in use");
}

}  // namespace arrakis::control
