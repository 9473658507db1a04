// memif.h: one end of a wire: a shared-memory link (memif) between two applications.
//
// Frames are copied into and out of memory both ends map; wire_doorbell.h wakes a sleeping peer.
// Nothing on the way can damage a frame, so checksums are Checksum::unneeded. The peer can be any
// memif 2.0 end (DPDK, VPP), without a doorbell then; it may be hostile (memif/rings.h).
//
// Peer:     create() does not wait for it. The server listens; the client connects, and connects
//           again when the peer went away. All of it happens in receive() of an end that finds
//           nothing, a few system calls at a time. An end that comes, goes, or has something to say
//           rings the other, so both may sleep. Frames to transmit stay in the burst while
//           link_up() is false.
// Threads:  one, which holds an EalThread (extaris/packet/eal.h).
// Lifetime: packets of the device's pool must be gone before the device goes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/error.h"
#include "extaris/netdev/memif/channel.h"
#include "extaris/netdev/memif/rings.h"
#include "extaris/netdev/net_device.h"
#include "extaris/netdev/wire_doorbell.h"

namespace arrakis::extaris {

struct WireOptions {
  enum class Role : std::uint8_t { server, client };
  Role role = Role::server;
  std::string socket_name;            // abstract unix socket, without its leading NUL
  std::string secret;                 // at most 23 characters
  std::uint8_t ring_log2 = 10;        // entries of each ring; the client's counts
  std::uint16_t buffer_bytes = 1920;  // largest frame; the client's counts
  MacAddress mac;
  std::uint16_t mtu_bytes = 1500;
  std::uint32_t packets = 4096;  // of the pool
};

class WireDevice final : public NetDevice {
 public:
  static Outcome<std::unique_ptr<WireDevice>> create(const WireOptions& options,
                                                     WireDoorbell doorbell);
  WireDevice(const WireDevice&) = delete;
  WireDevice& operator=(const WireDevice&) = delete;
  ~WireDevice() override;

  const DeviceInfo& info() const noexcept override { return info_; }
  void receive(Burst& burst) noexcept override;
  void transmit(Burst& burst) noexcept override;
  PacketPool& pool() noexcept override { return pool_; }
  int doorbell() const noexcept override { return doorbell_.descriptor(); }
  void arm_doorbell() noexcept override { doorbell_.arm(); }
  void disarm_doorbell() noexcept override;
  bool link_up() const noexcept override { return up_; }

  const memif::Counters& counters() const noexcept { return counters_; }

 private:
  WireDevice(const WireOptions& options, WireDoorbell doorbell, PacketPool pool);
  void look_for_peer() noexcept;
  void go_down() noexcept;

  memif::End end_;
  DeviceInfo info_;
  PacketPool pool_;
  WireDoorbell doorbell_;
  memif::Channel channel_;
  bool up_ = false;
  memif::Sender sender_;  // both stand while up_
  memif::Receiver receiver_;
  memif::Counters counters_;
  std::uint32_t empty_polls_ = 0;
  std::uint64_t next_look_ = 0;  // cycles
};

}  // namespace arrakis::extaris
