#include "control-plane/policy/policy.h"

#include <algorithm>

namespace arrakis::control {

bool Principal::matches(const Subject& subject) const {
  if (text.starts_with('@'))
    return std::ranges::find(subject.groups, text.substr(1)) != subject.groups.end();
  return text == std::to_string(subject.uid) || (!subject.user.empty() && text == subject.user);
}

const AppRule* Policy::app(std::string_view name) const {
  const auto found = std::ranges::find(apps, name, &AppRule::name);
  return found == apps.end() ? nullptr : &*found;
}

const PoolRule* Policy::pool(std::string_view name) const {
  const auto found = std::ranges::find(pools, name, &PoolRule::name);
  return found == pools.end() ? nullptr : &*found;
}

}  // namespace arrakis::control
