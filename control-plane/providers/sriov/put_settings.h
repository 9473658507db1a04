// put_settings.h: a virtual function gets its settings, and is seen to have them: drivers accept
// what they then ignore.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "control-plane/providers/sriov/vf_links.h"

namespace arrakis::control::sriov {

// Called after each step that changed the machine, with its name: where a test may let us die.
using Step = std::function<void(std::string_view)>;

// Changes what differs, MAC first (a VF's driver learns it when it starts), and reads back.
// unavailable: a driver that accepted a value and kept another.
Outcome<void> put_settings(VfLinks& links, const std::string& netdev, std::uint16_t vf,
                           const VfSettings& wanted, const Step& step);

// "mac 02:...", "vlan 5", "spoof check on", "trust off", "rate 100M".
std::vector<std::string> to_texts(const VfSettings& settings);

}  // namespace arrakis::control::sriov
