// Bytes as a policy file. What is accepted must be consistent, for the decisions trust it.
#include <cstdlib>
#include <span>

#include "control-plane/policy/decide.h"

using namespace arrakis::control;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto policy = parse_policy({reinterpret_cast<const char*>(data), size}, "policy.toml");
  if (!policy) {
    if (policy.error().message.find('\n') != std::string::npos) std::abort();
    return 0;
  }
  for (const AppRule& app : policy->apps) {
    if (app.users.empty() || !validate_app_name(app.name)) std::abort();
    std::vector<VnicSpec> present;
    for (int i = 0; i < 3; ++i) {
      AssignRequest request{.app = app.name};
      if (!app.wires.empty()) request.wire = app.wires.front();
      auto vnic = decide_vnic(*policy, present, request);
      if (!vnic) break;
      if (vnic->addresses.empty() || !validate(vnic->filters)) std::abort();
      present.push_back(*std::move(vnic));
    }
  }
  return 0;
}
