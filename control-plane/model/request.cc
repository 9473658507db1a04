#include "control-plane/model/request.h"

namespace arrakis::control {

Outcome<void> validate(const AssignRequest& request) {
  Outcome<void> valid = validate_app_name(request.app);
  if (valid && !request.provider.empty()) valid = validate_provider_name(request.provider);
  if (valid) valid = validate_addresses(request.addresses);
  if (valid) valid = validate(request.filters);
  if (valid && !request.device.empty()) valid = validate_device_name(request.device);
  if (valid && !request.wire.empty()) valid = validate_wire_name(request.wire);
  if (valid && request.mac) valid = validate_mac(*request.mac);
  if (valid && request.mtu_bytes != 0) valid = validate_mtu(request.mtu_bytes, request.addresses);
  if (valid && !request.device.empty() && !request.wire.empty())
    return fail(Error::Code::usage, "a VNIC has a netdev or a wire, not both",
                "leave out one of them");
  return valid;
}

}  // namespace arrakis::control
