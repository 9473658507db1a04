// port.h: the program of port.bpf.c on one netdev, and its maps.
//
// Attached by netlink, not by a BPF link: the netdev itself holds the program, so it needs no BPF
// filesystem, outlives the daemon, and dies with a netdev of ours. A later daemon finds program and
// maps again by their ids.
//
// Threads:  one.
// Lifetime: a Port holds descriptors only; dropping it takes nothing off the netdev.
#pragma once

#include <kj/io.h>

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"
#include "control-plane/providers/xdp/port_layout.h"

namespace arrakis::control::xdp {

enum class Place : std::uint32_t { guard = ARK_GUARD, recipient = ARK_RECIPIENT };

class Port {
 public:
  enum class Mode : std::uint8_t { native, generic };

  // Loads the program and attaches it where no program is. `exclusive`: frames that the recipient
  // does not take are dropped instead of going to the kernel.
  static Outcome<Port> attach(unsigned netdev, bool exclusive);

  // The port that is already there; nothing: no program at all. Somebody else's program is
  // Error::Code::conflict and is named.
  static Outcome<std::optional<Port>> find(unsigned netdev);

  // Puts the VNIC into the place, counters from zero if the place was empty; one that is there is
  // replaced between two frames.
  Outcome<void> put(Place place, const ark_vnic& vnic);
  Outcome<void> clear(Place place);
  // The name of the VNIC at the place; empty: nobody.
  std::string occupant(Place place) const;

  Outcome<ark_count> count(Place place) const;
  Outcome<void> add_socket(std::uint16_t queue, int socket);
  void remove_sockets();

  // Takes the program off the netdev. Harmless when it is gone or another stands there.
  void detach();

  Mode mode() const { return mode_; }
  // Why the netdev's driver refused the native mode; empty: it did not, or that was before a
  // restart.
  const std::string& generic_reason() const { return generic_reason_; }

 private:
  Port() = default;
  Outcome<void> adopt_program(std::uint32_t id);
  Outcome<ark_port_state> state() const;

  unsigned netdev_ = 0;
  Mode mode_ = Mode::native;
  std::string generic_reason_;
  kj::AutoCloseFd program_, state_map_, vnics_map_, counts_map_, xsks_map_;
};

}  // namespace arrakis::control::xdp
