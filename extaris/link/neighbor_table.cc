#include "extaris/link/neighbor_table.h"

#include <bit>
#include <cstring>
#include <limits>
#include <utility>

#include "base/check.h"

namespace arrakis::extaris {
namespace {

constexpr Duration delay_first_probe = Duration::seconds(5);  // RFC 4861, section 10
constexpr Instant forever{std::numeric_limits<std::int64_t>::max()};

static_assert(std::has_single_bit(limits::neighbors_max), "the bucket is a mask");

std::uint64_t hash(const IpAddress& address) {
  std::uint64_t halves[2];
  std::memcpy(halves, &address, sizeof(halves));
  const std::uint64_t mixed = (halves[0] ^ std::rotl(halves[1], 23)) * 0x9e37'79b9'7f4a'7c15;
  return mixed ^ (mixed >> 32);
}

}  // namespace

NeighborTable::NeighborTable(const std::vector<Neighbor>& fixed, Counters& counters)
    : counters_{counters},
      entries_(limits::neighbors_max),
      buckets_(limits::neighbors_max, none),
      waiting_(limits::neighbor_waiting_packets) {
  ARK_CHECK(fixed.size() < limits::neighbors_max);
  for (std::size_t i = 0; i < entries_.size(); ++i)
    entries_[i].next = std::exchange(free_entry_, static_cast<Index>(i));
  for (std::size_t i = 0; i < waiting_.size(); ++i)
    waiting_[i].next = std::exchange(free_waiting_, static_cast<Index>(i));
  for (const Neighbor& neighbor : fixed) {
    if (find(neighbor.address) != none) continue;
    Entry& entry = entries_[insert(neighbor.address)];
    entry.mac = neighbor.mac;
    enter(entry, State::fixed, forever);
  }
}

NeighborTable::~NeighborTable() = default;

std::optional<NeighborTable::Usable> NeighborTable::use(const IpAddress& address,
                                                        Instant now) noexcept {
  const Index index = find(address);
  if (index == none) return std::nullopt;
  Entry& entry = entries_[index];
  if (entry.state == State::incomplete) return std::nullopt;
  if (entry.state == State::reachable && now >= entry.due) enter(entry, State::stale, forever);
  // RFC 4861, 7.3.3: the first packet to a stale neighbor starts the check that it is still there.
  if (entry.state == State::stale) enter(entry, State::delay, now + delay_first_probe);
  return Usable{entry.mac, entry.due};
}

bool NeighborTable::wait(const IpAddress& address, Packet&& packet, Instant now) noexcept {
  Packet mine{std::move(packet)};
  Index index = find(address);
  const bool is_new = index == none;
  if (is_new) {
    index = insert(address);
    if (index == none) {
      counters_.drop(Drop::neighbor_queue_full);
      return false;
    }
    entries_[index].tries = 1;
    enter(entries_[index], State::incomplete, now + limits::neighbor_retransmit);
  }
  Entry& entry = entries_[index];
  if (entry.waiting == limits::neighbor_queue_packets || free_waiting_ == none) {
    counters_.drop(Drop::neighbor_queue_full);
    if (entry.waiting == 0) return is_new;
    pop_waiting(entry);
  }
  const Index slot = free_waiting_;
  free_waiting_ = std::exchange(waiting_[slot].next, none);
  waiting_[slot].packet = std::move(mine);
  (entry.waiting == 0 ? entry.first_waiting : waiting_[entry.last_waiting].next) = slot;
  entry.last_waiting = slot;
  ++entry.waiting;
  return is_new;
}

bool NeighborTable::learn(const IpAddress& address, const NeighborNews& news,
                          Instant now) noexcept {
  if (news.mac.is_multicast() || news.mac == MacAddress{}) return false;
  Index index = find(address);
  if (index == none) {
    if (!news.create) return false;
    index = insert(address);
    if (index == none) return false;
    entries_[index].mac = news.mac;
    enter(entries_[index], State::stale, forever);
    return false;
  }
  Entry& entry = entries_[index];
  if (entry.state == State::fixed) return false;
  // RFC 4861, 7.2.3 and 7.2.5
  const bool was_incomplete = entry.state == State::incomplete;
  const bool differs = !was_incomplete && entry.mac != news.mac;
  if (differs && !news.override) {
    if (entry.state == State::reachable) enter(entry, State::stale, forever);
    return false;
  }
  entry.mac = news.mac;
  if (differs) ++generation_;
  if (news.solicited)
    enter(entry, State::reachable, now + limits::neighbor_reachable);
  else if (was_incomplete || differs)
    enter(entry, State::stale, forever);
  return entry.waiting > 0;
}

void NeighborTable::confirm(const IpAddress& address, Instant now) noexcept {
  const Index index = find(address);
  if (index == none) return;
  Entry& entry = entries_[index];
  if (entry.state == State::fixed || entry.state == State::incomplete) return;
  enter(entry, State::reachable, now + limits::neighbor_reachable);
}

Packet NeighborTable::next_waiting(const IpAddress& address) noexcept {
  const Index index = find(address);
  return index == none ? Packet{} : pop_waiting(entries_[index]);
}

std::optional<Solicitation> NeighborTable::expire(Instant now, Burst& failed) noexcept {
  if (!next_ || now < *next_) return std::nullopt;
  for (; expire_from_ < entries_.size(); ++expire_from_)
    if (const auto question = step(static_cast<Index>(expire_from_), now, failed)) return question;
  expire_from_ = 0;
  next_.reset();
  for (Entry& entry : entries_)
    if (entry.state != State::unused) enter(entry, entry.state, entry.due);  // next_ anew
  return std::nullopt;
}

std::optional<Solicitation> NeighborTable::step(Index index, Instant now, Burst& failed) noexcept {
  Entry& entry = entries_[index];
  const bool has_timer = entry.state == State::incomplete || entry.state == State::delay ||
                         entry.state == State::probe;
  if (!has_timer || now < entry.due) return std::nullopt;
  if (entry.state == State::delay) {
    entry.tries = 0;
    enter(entry, State::probe, entry.due);
  }
  if (entry.tries == limits::neighbor_tries) {
    fail(index, failed);
    return std::nullopt;
  }
  ++entry.tries;
  enter(entry, entry.state, now + limits::neighbor_retransmit);
  if (entry.state == State::probe) return Solicitation{entry.address, entry.mac};
  return Solicitation{entry.address, std::nullopt};
}

std::optional<Instant> NeighborTable::next_deadline() const noexcept { return next_; }

NeighborTable::Index& NeighborTable::bucket_of(const IpAddress& address) noexcept {
  return buckets_[hash(address) & (limits::neighbors_max - 1)];
}

NeighborTable::Index NeighborTable::find(const IpAddress& address) noexcept {
  Index index = bucket_of(address);
  while (index != none && entries_[index].address != address) index = entries_[index].next;
  return index;
}

NeighborTable::Index NeighborTable::insert(const IpAddress& address) noexcept {
  if (free_entry_ == none) evict_one();
  const Index index = free_entry_;
  if (index == none) return none;
  Entry& entry = entries_[index];
  free_entry_ = entry.next;
  entry = Entry{};
  entry.address = address;
  entry.next = std::exchange(bucket_of(address), index);
  return index;
}

void NeighborTable::remove(Index index) noexcept {
  Entry& entry = entries_[index];
  while (pop_waiting(entry)) counters_.drop(Drop::no_neighbor);
  Index* link = &bucket_of(entry.address);
  while (*link != index) link = &entries_[*link].next;
  *link = entry.next;
  entry.state = State::unused;
  entry.next = std::exchange(free_entry_, index);
  ++generation_;
}

void NeighborTable::evict_one() noexcept {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    clock_hand_ = static_cast<Index>((clock_hand_ + 1u) & (limits::neighbors_max - 1));
    const Entry& entry = entries_[clock_hand_];
    if (entry.state == State::unused || entry.state == State::fixed || entry.waiting > 0) continue;
    remove(clock_hand_);
    return;
  }
}

// The one writer of `state` and `due`.
void NeighborTable::enter(Entry& entry, State state, Instant due) noexcept {
  entry.state = state;
  entry.due = due;
  const bool has_timer =
      state == State::incomplete || state == State::delay || state == State::probe;
  if (has_timer && (!next_ || due < *next_)) next_ = due;
}

Packet NeighborTable::pop_waiting(Entry& entry) noexcept {
  if (entry.waiting == 0) return {};
  const Index slot = entry.first_waiting;
  entry.first_waiting = waiting_[slot].next;
  --entry.waiting;
  waiting_[slot].next = std::exchange(free_waiting_, slot);
  return std::move(waiting_[slot].packet);
}

void NeighborTable::fail(Index index, Burst& failed) noexcept {
  while (Packet packet = pop_waiting(entries_[index])) {
    counters_.drop(Drop::no_neighbor);
    if (!failed.full()) failed.append(std::move(packet));
  }
  remove(index);
}

}  // namespace arrakis::extaris
