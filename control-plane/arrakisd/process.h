// process.h: who is at the other end of a connection, and the process behind it.
//
// Lifetime: a pidfd names one process for ever; its number alone may be another one tomorrow.
#pragma once

#include <kj/io.h>

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"
#include "control-plane/policy/policy.h"
#include "control-plane/state/store.h"

namespace arrakis::control {

struct Peer {
  Subject subject;
  ProcessId process;
  kj::AutoCloseFd pidfd;  // becomes readable when the process ends
};

// From a connected unix socket: SO_PEERCRED, SO_PEERPIDFD (Linux 6.5), /proc and the user database.
Outcome<Peer> identify_peer(int socket);

// Of the process that runs with this number now; nothing when none does (or only its corpse).
std::optional<std::uint64_t> start_ticks(std::int32_t pid);
// The process of a lease, if it still lives: its pidfd.
std::optional<kj::AutoCloseFd> open_process(const ProcessId& process);

// Changes at every start of the machine.
std::string boot_id();

}  // namespace arrakis::control
