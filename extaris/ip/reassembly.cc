#include "extaris/ip/reassembly.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "extaris/packet/bytes.h"
#include "extaris/wire/ipv4.h"
#include "extaris/wire/ipv6.h"
#include "extaris/wire/load_store.h"

namespace arrakis::extaris {
namespace {

std::size_t header_bytes(const IpAddress& source) {
  return source.is_v4() ? sizeof(Ipv4Header) : sizeof(Ipv6Header);
}

std::size_t units(std::size_t bytes) { return (bytes + 7) / 8; }

}  // namespace

Reassembly::Reassembly(Counters& counters)
    : counters_{counters}, entries_(limits::reassemblies_max) {
  auto pool = PacketPool::create(
      {.packets = limits::reassemblies_max + limits::reassembled_held_max, .buffer_bytes = 65'535});
  if (pool) pool_.emplace(std::move(*pool));
}

Packet Reassembly::add(const Fragment& fragment, Instant now) noexcept {
  const std::size_t end = header_bytes(fragment.source) + fragment.offset + fragment.payload.size();
  Entry* entry = find(fragment);
  if (end > ipv4::packet_bytes_max) {
    if (entry != nullptr)
      spoil(*entry, Drop::fragment_too_large);
    else
      counters_.drop(Drop::fragment_too_large);
    return {};
  }
  if (entry == nullptr) entry = start(fragment, now);
  if (entry == nullptr) {
    counters_.drop(Drop::fragment_no_room);
    return {};
  }
  if (entry->state == State::spoilt) {
    counters_.drop(Drop::fragment_overlap);
    return {};
  }
  if (!place(*entry, fragment) || !is_whole(*entry)) return {};
  ++counters_.reassembled_datagrams;
  return finish(*entry, entry->payload_bytes);
}

// False: nothing new, or the datagram is spoilt.
bool Reassembly::place(Entry& entry, const Fragment& fragment) noexcept {
  const std::size_t end = fragment.offset + fragment.payload.size();
  // Where the datagram ends is said once, and nothing lies behind it.
  const bool contradicts =
      fragment.more
          ? entry.payload_bytes != 0 && end >= entry.payload_bytes
          : (entry.payload_bytes != 0 && end != entry.payload_bytes) || entry.reached_bytes > end;
  if (contradicts) {
    spoil(entry, Drop::fragment_overlap);
    return false;
  }
  std::byte* to = bytes(entry.buffer).data() + header_bytes(entry.source) + fragment.offset;
  switch (entry.arrived.coverage(fragment.offset / 8, units(fragment.payload.size()))) {
    case FragmentMap::Coverage::none: break;
    case FragmentMap::Coverage::all:
      // The network may double packets; the same bytes again change nothing (RFC 8200, 4.5).
      if (std::memcmp(to, fragment.payload.data(), fragment.payload.size()) == 0) return false;
      [[fallthrough]];
    case FragmentMap::Coverage::some: spoil(entry, Drop::fragment_overlap); return false;
  }
  if (!fragment.payload.empty()) std::memcpy(to, fragment.payload.data(), fragment.payload.size());
  entry.arrived.set(fragment.offset / 8, units(fragment.payload.size()));
  if (fragment.offset == 0) {
    entry.hop_limit = fragment.hop_limit;
    entry.protocol = fragment.protocol;  // RFC 8200, 4.5: the first fragment's counts
  }
  if (!fragment.more) entry.payload_bytes = end;
  entry.reached_bytes = std::max(entry.reached_bytes, end);
  return true;
}

bool Reassembly::is_whole(const Entry& entry) noexcept {
  return entry.payload_bytes != 0 && entry.arrived.count() == units(entry.payload_bytes);
}

Packet Reassembly::finish(Entry& entry, std::size_t payload_bytes) noexcept {
  Packet packet = std::move(entry.buffer);
  std::byte* front = bytes(packet).data();
  if (entry.source.is_v4()) {
    const Ipv4Header header =
        emit_ipv4({.source = entry.source.v4(),
                   .target = entry.target.v4(),
                   .protocol = entry.protocol,
                   .time_to_live = entry.hop_limit,
                   .identification = static_cast<std::uint16_t>(entry.identification),
                   .fragment = 0,
                   .payload_bytes = payload_bytes});
    store(front, header);
  } else {
    const Ipv6Header header = emit_ipv6({.source = entry.source.v6(),
                                         .target = entry.target.v6(),
                                         .next_header = entry.protocol,
                                         .hop_limit = entry.hop_limit,
                                         .payload_bytes = payload_bytes});
    store(front, header);
  }
  resize(packet, header_bytes(entry.source) + payload_bytes);
  entry.state = State::unused;
  refresh_deadline();
  return packet;
}

Reassembly::Entry* Reassembly::find(const Fragment& fragment) noexcept {
  const bool is_v4 = fragment.source.is_v4();
  for (Entry& entry : entries_)
    if (entry.state != State::unused && entry.identification == fragment.identification &&
        entry.source == fragment.source && entry.target == fragment.target &&
        (!is_v4 || entry.protocol == fragment.protocol))
      return &entry;
  return nullptr;
}

Reassembly::Entry* Reassembly::start(const Fragment& fragment, Instant now) noexcept {
  auto entry = std::ranges::find(entries_, State::unused, &Entry::state);
  if (entry == entries_.end()) {
    entry = std::ranges::min_element(entries_, {}, &Entry::deadline);
    counters_.drop(Drop::fragment_no_room);
    entry->state = State::unused;
  }
  if (!entry->buffer) entry->buffer = pool_ ? pool_->allocate() : Packet{};
  if (!entry->buffer) return nullptr;
  push_front(entry->buffer, headroom(entry->buffer));
  resize(entry->buffer, ipv4::packet_bytes_max);
  entry->state = State::gathering;
  entry->source = fragment.source;
  entry->target = fragment.target;
  entry->identification = fragment.identification;
  entry->protocol = fragment.protocol;
  entry->payload_bytes = 0;
  entry->reached_bytes = 0;
  entry->arrived.clear();
  entry->deadline = now + limits::reassembly_timeout;
  refresh_deadline();
  return &*entry;
}

void Reassembly::spoil(Entry& entry, Drop why) noexcept {
  counters_.drop(why);
  entry.state = State::spoilt;
  entry.buffer = Packet{};
}

std::optional<Packet> Reassembly::expire(Instant now) noexcept {
  if (!next_ || now < *next_) return std::nullopt;
  for (Entry& entry : entries_) {
    if (entry.state == State::unused || now < entry.deadline) continue;
    if (entry.state == State::spoilt) {  // counted when it was spoilt
      entry.state = State::unused;
      continue;
    }
    counters_.drop(Drop::fragment_timeout);
    // RFC 1122, 3.3.2; RFC 8200, 4.5: only when the first fragment is there. Eight bytes of it are.
    if (entry.arrived.coverage(0, 1) == FragmentMap::Coverage::none) {
      entry.state = State::unused;
      return Packet{};
    }
    std::size_t there = 0;
    while (there < FragmentMap::units_max - 8 &&
           entry.arrived.coverage(there, 1) == FragmentMap::Coverage::all)
      ++there;
    return finish(entry, there * 8);
  }
  refresh_deadline();
  return std::nullopt;
}

std::optional<Instant> Reassembly::next_deadline() const noexcept { return next_; }

void Reassembly::refresh_deadline() noexcept {
  next_.reset();
  for (const Entry& entry : entries_)
    if (entry.state != State::unused && (!next_ || entry.deadline < *next_)) next_ = entry.deadline;
}

}  // namespace arrakis::extaris
