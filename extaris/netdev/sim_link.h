// sim_link.h: a cable between two simulated devices that loses, doubles, damages, delays and
// reorders frames as a seed says, on virtual time.
//
// The same seed, options and sequence of calls give the same frames at the same instants.
// Frames are copied into fresh packets on their way, as from one machine to another.
//
// Threads:  one; both ends and the link together.
// Lifetime: borrows the pool, which must outlive it. The ends live as long as the link.
// Errors:   what happens to a frame is a counter.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/instant.h"
#include "base/random.h"
#include "extaris/netdev/net_device.h"

namespace arrakis::extaris {

struct SimFaults {
  // Each strikes a frame once in so many on average; 0: never.
  std::uint32_t loss = 0;
  std::uint32_t duplicate = 0;
  std::uint32_t corrupt = 0;  // one flipped bit somewhere in the frame
  std::uint32_t reorder = 0;  // held back, so that later frames overtake it
  Duration delay{};
  Duration jitter{};  // up to so much more; by itself it does not reorder
};

struct SimOptions {
  std::uint16_t mtu_bytes = 1500;
  std::uint32_t in_flight_max = 1024;  // each way; then transmit takes no more
  Checksum receive_checksum = Checksum::software;
  Checksum transmit_checksum = Checksum::software;
  std::array<MacAddress, 2> macs{{{{2, 0, 0, 0, 0, 1}}, {{2, 0, 0, 0, 0, 2}}}};  // of the ends
};

struct SimCounters {  // frames, both directions
  std::uint64_t taken = 0;
  std::uint64_t delivered = 0;
  std::uint64_t lost = 0;
  std::uint64_t duplicated = 0;
  std::uint64_t corrupted = 0;
  std::uint64_t reordered = 0;
  std::uint64_t oversized = 0;  // dropped: longer than the MTU and an Ethernet header
  std::uint64_t no_buffer = 0;  // dropped: the pool was used up

  friend bool operator==(const SimCounters&, const SimCounters&) = default;
};

class SimLink {
 public:
  SimLink(PacketPool& pool, const SimFaults& faults, std::uint64_t seed,
          const SimOptions& options = {});
  SimLink(const SimLink&) = delete;
  SimLink& operator=(const SimLink&) = delete;

  // REQUIRES: index is 0 or 1.
  NetDevice& end(int index) noexcept { return ends_[static_cast<std::size_t>(index)]; }

  // From here on it is `now`; frames that are due can be received. Never goes backwards.
  void advance(Instant now) noexcept;

  // When the next frame is due at either end, or a paused end takes frames again. In the past when
  // a due frame has not been fetched yet.
  std::optional<Instant> next_event() const noexcept;

  // Until then this end takes nothing to transmit, as a device whose ring is full.
  void pause(int index, Instant until) noexcept;

  // Both ways, from the next frame on.
  void set_faults(const SimFaults& faults) noexcept { faults_ = faults; }

  const SimCounters& counters() const noexcept { return counters_; }

 private:
  struct Flight {
    Instant due;
    std::uint64_t number;  // order among frames that are due at once
    Packet packet;
  };

  // One end: what it receives is in flight towards it.
  class End final : public NetDevice {
   public:
    const DeviceInfo& info() const noexcept override { return info_; }
    void receive(Burst& burst) noexcept override { link_->deliver(*this, burst); }
    void transmit(Burst& burst) noexcept override { link_->take(*this, burst); }
    PacketPool& pool() noexcept override { return link_->pool_; }

   private:
    friend class SimLink;
    SimLink* link_ = nullptr;
    End* peer_ = nullptr;
    DeviceInfo info_;
    std::vector<Flight> inbound_;  // a heap, earliest first; never grows past in_flight_max
    Instant last_due_{};
    Instant paused_until_{};
  };

  void take(End& from, Burst& burst) noexcept;
  void deliver(End& to, Burst& burst) noexcept;
  void send(End& to, const Packet& frame) noexcept;
  void fly(End& to, const Packet& frame) noexcept;
  Instant arrival(End& to) noexcept;
  static bool later(const Flight& a, const Flight& b) noexcept;

  PacketPool& pool_;
  SimFaults faults_;
  SimOptions options_;
  Random random_;
  Instant now_{};
  std::uint64_t next_number_ = 0;
  SimCounters counters_;
  std::array<End, 2> ends_;
};

}  // namespace arrakis::extaris
