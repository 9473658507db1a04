// net_device.h: one queue pair of a network device, as the stack sees it.
//
// One virtual call a burst, none a packet. Packets are whole Ethernet frames without FCS.
// Threads: one at a time; a device belongs to the thread that polls its stack.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/address.h"
#include "extaris/packet/burst.h"
#include "extaris/packet/pool.h"

namespace arrakis::extaris {

// Who sees to checksums (IPv4 header, UDP, TCP, ICMPv6) in one direction.
enum class Checksum : std::uint8_t {
  software,  // the stack computes or verifies each one
  device,    // the device does; per packet on receive (rte_mbuf ol_flags), on request on transmit
  unneeded,  // both ends share memory: nothing can be damaged on the way, as on Linux's loopback
};

struct DeviceInfo {
  MacAddress mac;
  std::uint16_t mtu_bytes = 1500;  // largest IP packet
  Checksum receive_checksum = Checksum::software;
  Checksum transmit_checksum = Checksum::software;
  std::uint16_t queues = 1;  // of the whole device: who they receive for is for arrives() to say
};

class NetDevice {
 public:
  virtual ~NetDevice() = default;

  // What it can do; constant over its life.
  virtual const DeviceInfo& info() const noexcept = 0;

  // Fills an empty burst with what arrived; leaves it empty when nothing did.
  virtual void receive(Burst& burst) noexcept = 0;

  // Takes a prefix of the burst, and leaves in it what there was no room for.
  virtual void transmit(Burst& burst) noexcept = 0;

  // Packets to send come from here; the device may take others, at the price of a copy.
  virtual PacketPool& pool() noexcept = 0;

  // The doorbell: a descriptor that becomes readable when packets arrive while it is armed; -1:
  // this device has none, poll it. Owned by the device. Protocol: arm(), receive() once more, sleep
  // only when that was empty, disarm(). Both are cheap where the kernel needs no telling.
  virtual int doorbell() const noexcept { return -1; }
  virtual void arm_doorbell() noexcept {}
  virtual void disarm_doorbell() noexcept {}

  // Whether what `remote` sends to `local` comes in by this queue, or by another of its device.
  enum class Arrives : std::uint8_t { here, elsewhere, unknown };
  virtual Arrives arrives([[maybe_unused]] const Endpoint& remote,
                          [[maybe_unused]] const Endpoint& local) const noexcept {
    return info().queues == 1 ? Arrives::here : Arrives::unknown;
  }

  virtual bool link_up() const noexcept { return true; }
};

}  // namespace arrakis::extaris
