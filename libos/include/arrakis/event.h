// event.h: what the control plane does to a VNIC while an application holds it.
#pragma once

#include <cstdint>
#include <string>

namespace arrakis {

struct VnicEvent {
  enum class Kind : std::uint8_t {
    link_down,
    link_up,
    revoked,  // taken away: nothing moves any more
    rate_changed,
    filters_changed,
  };
  std::string vnic;  // "vf0"
  Kind kind;
};

}  // namespace arrakis
