// names.h: what the kernel objects of a VNIC are called.
#pragma once

#include <string>
#include <string_view>

#include "control-plane/model/vnic.h"
#include "control-plane/providers/xdp/links.h"

namespace arrakis::control::xdp {

// "ark-vf0"; of a VNIC name too long for a netdev's 15 characters, a hash of it.
std::string host_end(const VnicSpec& spec);
std::string app_end(const VnicSpec& spec);
// The netdev whose queues the application drives.
std::string receiving_end(const VnicSpec& spec);

std::string alias_of(std::string_view vnic);
// Made by this provider, whole or half.
bool is_ours(const Link& link);

}  // namespace arrakis::control::xdp
