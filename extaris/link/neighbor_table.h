// neighbor_table.h: which MAC address a neighbor has, for ARP (RFC 826) and for Neighbor Discovery
// with its states (RFC 4861, 7.3.2), which serve both.
//
// Bounded: entries, packets that wait for one answer, and packets that wait in all. A full table
// forgets a neighbor that nothing waits for. Nothing is learned of whom we did not ask and who did
// not ask for us. This is the state machine alone; link.h does the asking.
// Time: an argument. Threads: those of the stack.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/address.h"
#include "base/instant.h"
#include "extaris/packet/burst.h"
#include "extaris/packet/packet.h"
#include "extaris/stack/config.h"
#include "extaris/stack/counters.h"

namespace arrakis::extaris {

// What a message says of a neighbor's MAC address.
struct NeighborNews {
  MacAddress mac;
  bool solicited = false;  // it answers us: the neighbor is reachable both ways
  bool override = true;    // may replace another address (RFC 4861, 4.4)
  bool create = false;     // worth an entry of its own: the neighbor is about to talk to us
};

// A question to ask: for `address`, of everybody or only of the owner of `mac`.
struct Solicitation {
  IpAddress address;
  std::optional<MacAddress> mac;
};

class NeighborTable {
 public:
  NeighborTable(const std::vector<Neighbor>& fixed, Counters& counters);
  ~NeighborTable();
  NeighborTable(const NeighborTable&) = delete;
  NeighborTable& operator=(const NeighborTable&) = delete;

  struct Usable {
    MacAddress mac;
    Instant until;  // ask again then
  };
  // To send to now. Nothing: not known, let the packet wait().
  std::optional<Usable> use(const IpAddress& address, Instant now) noexcept;

  // Keeps an IP packet until the answer is there. When the queue is full the oldest makes room
  // (RFC 4861, 7.2.2). True: nobody has been asked yet, so ask.
  bool wait(const IpAddress& address, Packet&& packet, Instant now) noexcept;

  // True: packets can go; fetch them with next_waiting().
  bool learn(const IpAddress& address, const NeighborNews& news, Instant now) noexcept;
  // It answered without repeating its MAC address (RFC 4861, 7.2.5).
  void confirm(const IpAddress& address, Instant now) noexcept;
  // The oldest packet that waited for `address`; holds nothing when there is none left.
  Packet next_waiting(const IpAddress& address) noexcept;

  // One thing that is due: a question to repeat. Entries that got no answer go, and their packets
  // into `failed`. Call until it returns nothing.
  std::optional<Solicitation> expire(Instant now, Burst& failed) noexcept;
  std::optional<Instant> next_deadline() const noexcept;

  // Changes whenever something that use() said has become wrong.
  std::uint32_t generation() const noexcept { return generation_; }

 private:
  enum class State : std::uint8_t { unused, incomplete, reachable, stale, delay, probe, fixed };
  using Index = std::uint16_t;
  static constexpr Index none = 0xffff;

  struct Entry {
    IpAddress address;
    MacAddress mac;
    State state = State::unused;
    std::uint8_t tries = 0;
    Index next = none;  // in its bucket, or in the free list
    Index first_waiting = none;
    Index last_waiting = none;
    std::uint16_t waiting = 0;
    Instant due;  // of the state's timer; reachable: when it ends
  };
  struct Waiting {
    Packet packet;
    Index next = none;
  };

  Index& bucket_of(const IpAddress& address) noexcept;
  Index find(const IpAddress& address) noexcept;
  Index insert(const IpAddress& address) noexcept;  // none: no room
  void remove(Index index) noexcept;
  void evict_one() noexcept;
  void enter(Entry& entry, State state, Instant due) noexcept;
  Packet pop_waiting(Entry& entry) noexcept;
  void fail(Index index, Burst& failed) noexcept;
  std::optional<Solicitation> step(Index index, Instant now, Burst& failed) noexcept;

  Counters& counters_;
  std::vector<Entry> entries_;
  std::vector<Index> buckets_;
  std::vector<Waiting> waiting_;
  Index free_entry_ = none;
  Index free_waiting_ = none;
  Index clock_hand_ = 0;         // where the search for a neighbor to forget goes on
  std::size_t expire_from_ = 0;  // where expire() goes on
  std::uint32_t generation_ = 1;
  std::optional<Instant> next_;  // no timer is due before
};

}  // namespace arrakis::extaris
