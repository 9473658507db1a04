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

  // Of the one application that is attached: what it writes for each question, one after the
  // other and the last one for ever; and what stands in the memory of a capture.
  std::vector<std::string> pages;
  std::string ring;
  Error unanswered;  // what comes instead of a page, when it has a message
};

// sight: fake_sight.cc
void fake_apps(FakeState& state, protocol::Attached::Builder out);

protocol::Arrakisd::Client fake_daemon(FakeState& state);

}  // namespace arrakis::ctl
