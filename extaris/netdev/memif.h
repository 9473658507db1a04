// memif.h: one end of a wire: a shared-memory link (memif) between two applications.
//
// DPDK's memif driver carries the frames and wire_doorbell.h wakes a sleeping peer. Nothing on the
// way can damage a frame, so checksums are Checksum::unneeded.
//
// Peer:      create() does not wait for it. The server listens; the client connects, and connects
//            again when the peer went away, from receive() and disarm_doorbell(). While link_up()
//            is false do not sleep longer than retry_interval; frames to transmit stay in the
//            burst.
// Threads:   one, which holds an EalThread (extaris/packet/eal.h). The driver's control messages
// run
//            on EAL's own thread.
// Lifetime:  packets of the device's pool must be gone before the device goes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/instant.h"
#include "extaris/netdev/ethdev.h"
#include "extaris/netdev/net_device.h"
#include "extaris/netdev/wire_doorbell.h"

namespace arrakis::extaris {

struct WireOptions {
  enum class Role : std::uint8_t { server, client };
  Role role = Role::server;
  std::string socket_name;            // abstract unix socket, without its leading NUL
  std::string secret;                 // at most 23 characters
  std::uint8_t ring_log2 = 10;        // entries of each ring; the client's counts
  std::uint16_t buffer_bytes = 1920;  // largest frame; the client's counts, make both the same
  MacAddress mac;
  std::uint16_t mtu_bytes = 1500;
  std::uint32_t packets = 4096;  // of the pool
};

class WireDevice final : public NetDevice {
 public:
  static constexpr Duration retry_interval = Duration::milliseconds(100);

  static Outcome<std::unique_ptr<WireDevice>> create(const WireOptions& options,
                                                     WireDoorbell doorbell);
  WireDevice(const WireDevice&) = delete;
  WireDevice& operator=(const WireDevice&) = delete;
  ~WireDevice() override;

  const DeviceInfo& info() const noexcept override { return info_; }
  void receive(Burst& burst) noexcept override;
  void transmit(Burst& burst) noexcept override;
  PacketPool& pool() noexcept override { return port_->queue(0).pool(); }
  int doorbell() const noexcept override { return doorbell_.descriptor(); }
  void arm_doorbell() noexcept override { doorbell_.arm(); }
  void disarm_doorbell() noexcept override;
  bool link_up() const noexcept override { return port_->queue(0).link_up(); }

  std::uint64_t oversized() const noexcept { return oversized_; }  // dropped on transmit
  const EthQueueCounters& counters() const noexcept { return port_->queue(0).counters(); }

 private:
  WireDevice(const WireOptions& options, std::string name, WireDoorbell doorbell);
  void drop_oversized(Burst& burst) noexcept;
  void connect_again() noexcept;
  void connect_when_due() noexcept;

  std::string name_;  // of the virtual device, unique in the process
  bool connects_;     // as client
  std::uint16_t frame_bytes_max_;
  DeviceInfo info_;
  WireDoorbell doorbell_;
  std::unique_ptr<EthPort> port_;
  std::uint32_t empty_polls_ = 0;
  std::uint64_t tried_at_ = 0;  // cycles
  std::uint64_t oversized_ = 0;
};

}  // namespace arrakis::extaris
