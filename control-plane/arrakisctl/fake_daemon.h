// fake_daemon.h: for tests: an arrakisd of two applications that keeps its VFs in a vector.
//
// Lifetime: the state outlives the server that borrows it.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "control-plane/model/vnic.h"
#include "protocol/arrakis.capnp.h"

namespace arrakis::ctl {

struct FakeState {
  std::vector<control::VnicSpec> vfs;
  std::vector<std::string> calls;  // "assign udp_echo", "release vf0", ...
  std::uint16_t version = protocol::VERSION;
  Error denial;         // of admin(), when it has a message
  Error release_fails;  // likewise
  std::string silent;   // name of the call that is never answered
  std::string breaks;   // name of the call that throws
};

protocol::Arrakisd::Client fake_daemon(FakeState& state);

}  // namespace arrakis::ctl
