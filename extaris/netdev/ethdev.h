// ethdev.h: queue pairs of a DPDK port, whatever its driver.
//
// Offloads are taken where the port has them; a missing one is said in DeviceInfo and software
// takes over. On transmit with Checksum::device the caller sets the flags and header lengths of the
// mbuf; the pseudo-header's part is seen to here.
//
// Threads:   open() and the end of the port: one. Each queue: the thread that polls it, which holds
//            an EalThread (extaris/packet/eal.h).
// Lifetime:  the port owns its queues; packets received must be gone before the port goes, unless
//            their pool was passed in. A port that was recalled (eth_recall.h) carries nothing any
//            more and has no link.
// Idle:      the doorbell of a port without receive interrupts is a timer: it rings half a
// millisecond
//            after it was armed, whether something came or not.
// Errors:    a port that cannot be brought up is an Error; a packet that cannot be carried is a
//            counter.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "extaris/netdev/descriptor.h"
#include "extaris/netdev/eth_recall.h"
#include "extaris/netdev/net_device.h"
#include "extaris/netdev/rss.h"

namespace arrakis::extaris {

struct EthQueueCounters {
  std::uint64_t several_segments = 0;  // dropped on receive: a packet is one contiguous buffer
  std::uint64_t refused = 0;           // dropped on transmit: the driver cannot send it as marked
};

// What wakes a queue's thread; -1: there is none.
struct EthDoorbell {
  int interrupt = -1;  // DPDK's
  int timer = -1;      // the port's; in use where there is no interrupt
};

// One queue pair. A copy drives the same queue: of the two only one may be used.
class EthQueue final : public NetDevice {
 public:
  EthQueue(std::uint16_t port, std::uint16_t queue, const DeviceInfo& info, PacketPool& pool,
           EthDoorbell doorbell, EthRecall& recall, const Rss* rss) noexcept
      : port_{port},
        queue_{queue},
        doorbell_{doorbell},
        info_{info},
        pool_{&pool},
        recall_{&recall},
        rss_{rss} {}

  const DeviceInfo& info() const noexcept override { return info_; }
  void receive(Burst& burst) noexcept override;
  void transmit(Burst& burst) noexcept override;
  PacketPool& pool() noexcept override { return *pool_; }
  int doorbell() const noexcept override {
    return has_interrupt() ? doorbell_.interrupt : doorbell_.timer;
  }
  void arm_doorbell() noexcept override;
  void disarm_doorbell() noexcept override;
  Arrives arrives(const Endpoint& remote, const Endpoint& local) const noexcept override;
  bool link_up() const noexcept override;

  const EthQueueCounters& counters() const noexcept { return counters_; }

 private:
  bool has_interrupt() const noexcept { return doorbell_.interrupt >= 0 && !recall_->asked(); }
  void leave() noexcept;

  std::uint16_t port_;
  std::uint16_t queue_;
  EthDoorbell doorbell_;
  DeviceInfo info_;
  PacketPool* pool_;
  EthRecall* recall_;
  const Rss* rss_;  // nullptr: the driver does not say
  bool has_left_ = false;
  EthQueueCounters counters_;
};

class EthPort {
 public:
  struct Options {
    std::uint16_t queues = 1;
    std::uint16_t ring_entries = 512;  // each way; the driver may round
    std::uint16_t mtu_bytes = 1500;
    // Of each queue, when none is passed in. Behind its headroom a whole frame has to fit, and
    // many a card counts a buffer in units of 1 KB, rounded down (82576 data sheet, SRRCTL).
    PacketPool::Options pool{.buffer_bytes = 2048 + 128, .for_device = true};
    std::vector<PacketPool*> pools;  // one a queue, outliving the port; empty: made here
    bool doorbell = true;            // ask for receive interrupts
    std::string function;            // PCI address, unplugged at the end; set by plug_in_and_open()
  };

  // Configures and starts the port, which must not be in use. It is stopped and closed at the end.
  static Outcome<std::unique_ptr<EthPort>> open(std::uint16_t port, const Options& options);
  // The same for a PCI function that VFIO gives to this process. REQUIRES: EalOptions::pci.
  static Outcome<std::unique_ptr<EthPort>> plug_in_and_open(const std::string& function,
                                                            Options options);
  EthPort(const EthPort&) = delete;
  EthPort& operator=(const EthPort&) = delete;
  ~EthPort();

  std::uint16_t id() const noexcept { return port_; }
  EthRecall& recall() noexcept { return *recall_; }
  // REQUIRES: index < queues.
  EthQueue& queue(std::uint16_t index) noexcept { return queues_[index]; }

  // Receives what is sent to these groups as well. A port that cannot tell them apart receives all.
  void join(std::span<const MacAddress> groups);

 private:
  explicit EthPort(std::uint16_t port) noexcept : port_{port} {}

  Outcome<void> configure(const Options& options, DeviceInfo& info);
  Outcome<void> make_pools(const Options& options);
  Outcome<void> set_up_queues(const Options& options);
  Outcome<void> start(const Options& options);
  bool has_interrupts() const;
  Outcome<EthDoorbell> doorbell_of(std::uint16_t queue);
  Outcome<void> make_queues(const Options& options, const DeviceInfo& info);

  std::uint16_t port_;
  bool started_ = false;
  bool interrupts_ = false;
  std::string function_;  // to be unplugged at the end
  std::vector<PacketPool> own_pools_;
  std::vector<PacketPool*> pools_;
  std::vector<Descriptor> timers_;  // one a queue
  std::unique_ptr<EthRecall> recall_;
  std::unique_ptr<const Rss> rss_;
  std::vector<EthQueue> queues_;
};

}  // namespace arrakis::extaris
