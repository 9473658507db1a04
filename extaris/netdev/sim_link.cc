#include "extaris/netdev/sim_link.h"

#include <algorithm>
#include <utility>

#include "extaris/packet/bytes.h"
#include "extaris/packet/copy.h"

namespace arrakis::extaris {
namespace {

constexpr std::size_t ethernet_header_bytes = 14;
// A reordered frame is held for a part of this, beside the link's own delay.
constexpr Duration reorder_hold = Duration::microseconds(100);

void flip_one_bit(const Packet& frame, Random& random) noexcept {
  const std::uint64_t bit = random.below(size(frame) * 8);
  bytes(frame)[bit / 8] ^= std::byte{1} << (bit % 8);
}

}  // namespace

SimLink::SimLink(PacketPool& pool, const SimFaults& faults, std::uint64_t seed,
                 const SimOptions& options)
    : pool_{pool}, faults_{faults}, options_{options}, random_{seed} {
  for (std::size_t i = 0; i < ends_.size(); ++i) {
    End& end = ends_[i];
    end.link_ = this;
    end.peer_ = &ends_[1 - i];
    end.info_.mac = options.macs[i];
    end.info_.mtu_bytes = options.mtu_bytes;
    end.info_.receive_checksum = options.receive_checksum;
    end.info_.transmit_checksum = options.transmit_checksum;
    end.inbound_.reserve(options.in_flight_max);
  }
}

void SimLink::advance(Instant now) noexcept { now_ = std::max(now_, now); }

std::optional<Instant> SimLink::next_event() const noexcept {
  std::optional<Instant> next;
  const auto consider = [&next](Instant t) { next = next ? std::min(*next, t) : t; };
  for (const End& end : ends_) {
    if (!end.inbound_.empty()) consider(end.inbound_.front().due);
    if (end.paused_until_ > now_) consider(end.paused_until_);
  }
  return next;
}

void SimLink::pause(int index, Instant until) noexcept {
  ends_[static_cast<std::size_t>(index)].paused_until_ = until;
}

bool SimLink::later(const Flight& a, const Flight& b) noexcept {
  return a.due != b.due ? a.due > b.due : a.number > b.number;
}

void SimLink::take(End& from, Burst& burst) noexcept {
  if (from.paused_until_ > now_) return;
  End& to = *from.peer_;
  std::size_t taken = 0;
  while (taken < burst.size() && to.inbound_.size() < options_.in_flight_max) {
    send(to, burst.take(taken));
    ++taken;
  }
  burst.drop_front(taken);
  counters_.taken += taken;
}

void SimLink::send(End& to, const Packet& frame) noexcept {
  if (size(frame) > options_.mtu_bytes + ethernet_header_bytes) {
    ++counters_.oversized;
    return;
  }
  if (random_.once_in(faults_.loss)) {
    ++counters_.lost;
    return;
  }
  fly(to, frame);
  if (random_.once_in(faults_.duplicate) && to.inbound_.size() < options_.in_flight_max) {
    ++counters_.duplicated;
    fly(to, frame);
  }
}

void SimLink::fly(End& to, const Packet& frame) noexcept {
  Packet copy = copy_of(frame, pool_);
  if (!copy) {
    ++counters_.no_buffer;
    return;
  }
  if (size(copy) > 0 && random_.once_in(faults_.corrupt)) {
    ++counters_.corrupted;
    flip_one_bit(copy, random_);
  }
  to.inbound_.push_back({arrival(to), next_number_++, std::move(copy)});
  std::ranges::push_heap(to.inbound_, later);
}

Instant SimLink::arrival(End& to) noexcept {
  Instant due = now_ + faults_.delay;
  if (faults_.jitter.ns > 0)
    due = due + Duration{static_cast<std::int64_t>(
                    random_.below(static_cast<std::uint64_t>(faults_.jitter.ns)))};
  due = std::max(due, to.last_due_);
  if (random_.once_in(faults_.reorder)) {
    ++counters_.reordered;
    const Duration most = faults_.delay + faults_.jitter + reorder_hold;
    return due + Duration{1 + static_cast<std::int64_t>(
                                  random_.below(static_cast<std::uint64_t>(most.ns)))};
  }
  to.last_due_ = due;
  return due;
}

void SimLink::deliver(End& to, Burst& burst) noexcept {
  while (!burst.full() && !to.inbound_.empty() && to.inbound_.front().due <= now_) {
    std::ranges::pop_heap(to.inbound_, later);
    burst.append(std::move(to.inbound_.back().packet));
    to.inbound_.pop_back();
    ++counters_.delivered;
  }
}

}  // namespace arrakis::extaris
