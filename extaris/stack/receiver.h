// receiver.h: what becomes of a frame: the way up, from the link to a socket or an answer.
//
// Threads: those of the stack. Time: an argument.
#pragma once

#include <cstdint>

#include "base/instant.h"
#include "extaris/ip/ip_output.h"
#include "extaris/link/link.h"
#include "extaris/netdev/net_device.h"
#include "extaris/packet/packet.h"
#include "extaris/stack/counters.h"
#include "extaris/udp/udp_layer.h"
#include "extaris/wire/ipv4.h"
#include "extaris/wire/ipv6.h"

namespace arrakis::extaris {

class Receiver {
 public:
  Receiver(const DeviceInfo& device, Link& link, IpOutput& ip, UdpLayer& udp, Counters& counters)
      : checksum_{device.receive_checksum}, link_{link}, ip_{ip}, udp_{udp}, counters_{counters} {}

  void receive(Packet&& frame, Instant now) noexcept;

 private:
  bool deliver_plain_v4(Packet& frame) noexcept;
  void receive_slowly(Packet&& frame, Instant now) noexcept;

  Checksum checksum_;
  Link& link_;
  IpOutput& ip_;
  UdpLayer& udp_;
  Counters& counters_;
};

}  // namespace arrakis::extaris
