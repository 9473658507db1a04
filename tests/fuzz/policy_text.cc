// Bytes as a policy file. What is accepted must be consistent, for the decisions trust it.
#include <cstdlib>
#include <span>

#include "control-plane/policy/decide.h"

namespace arrakis::control {
namespace {

void check(const Policy& policy, const AppRule& app) {
  if (app.users.empty() || !validate_app_name(app.name)) std::abort();
  std::vector<VnicSpec> present;
  for (int i = 0; i < 3; ++i) {
    AssignRequest request;
    request.app = app.name;
    if (!app.wires.empty()) request.wire = app.wires.front();
    auto vnic = decide_vnic(policy, present, request);
    if (!vnic) return;
    if (vnic->addresses.empty() || !validate(vnic->filters)) std::abort();
    present.push_back(*std::move(vnic));
  }
}

}  // namespace
}  // namespace arrakis::control

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text{data, data + size};
  const auto policy = arrakis::control::parse_policy(text, "policy.toml");
  if (policy) {
    for (const auto& app : policy->apps) arrakis::control::check(*policy, app);
  } else if (policy.error().message.find('\n') != std::string::npos) {
    std::abort();
  }
  return 0;
}
