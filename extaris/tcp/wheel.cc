#include "extaris/tcp/wheel.h"

#include <algorithm>
#include <bit>

namespace arrakis::extaris::tcp {
namespace {

constexpr std::uint32_t farthest = (1u << 24) - 1;  // what four levels of six bits hold

}  // namespace

Wheel::Wheel(ControlBlock* connections) noexcept : connections_{connections} {
  for (auto& level : heads_) level.fill(none);
}

void Wheel::place(ControlBlock& c, Tick due) noexcept {
  if (c.has(flag::on_wheel)) remove(c);
  c.wheel_due = due;
  insert(c);
}

void Wheel::insert(ControlBlock& c) noexcept {
  // What is due already comes with the next tick; what is too far is looked at on the way.
  Tick due = c.wheel_due;
  if (!current_.before(due)) due = current_ + 1;
  if (due - current_ > farthest) due = current_ + farthest;
  const std::uint32_t delta = due - current_;
  const unsigned level =
      delta < slots ? 0 : (static_cast<unsigned>(std::bit_width(delta)) - 1) / shift;
  const unsigned slot = (due.ms >> (shift * level)) & (slots - 1);
  Index& head = heads_[level][slot];
  c.wheel_slot = static_cast<std::uint8_t>(level * slots + slot);
  c.wheel_previous = none;
  c.wheel_next = head;
  if (head != none) connections_[head].wheel_previous = c.id;
  head = c.id;
  const Tick begins{due.ms >> (shift * level) << (shift * level)};
  if (is_empty() || begins.before(soonest_)) soonest_ = begins;
  occupied_[level] |= std::uint64_t{1} << slot;
  c.set(flag::on_wheel);
}

void Wheel::remove(ControlBlock& c) noexcept {
  if (!c.has(flag::on_wheel)) return;
  const unsigned level = c.wheel_slot / slots;
  const unsigned slot = c.wheel_slot % slots;
  if (c.wheel_next != none) connections_[c.wheel_next].wheel_previous = c.wheel_previous;
  if (c.wheel_previous != none)
    connections_[c.wheel_previous].wheel_next = c.wheel_next;
  else
    heads_[level][slot] = c.wheel_next;
  if (heads_[level][slot] == none) occupied_[level] &= ~(std::uint64_t{1} << slot);
  c.clear(flag::on_wheel);
}

// How far it is to the next slot with something in it, the nearest of all levels.
std::optional<std::uint32_t> Wheel::ticks_to_next() const noexcept {
  std::optional<std::uint32_t> nearest;
  for (unsigned level = 0; level < levels; ++level) {
    if (occupied_[level] == 0) continue;
    const unsigned at = (current_.ms >> (shift * level)) & (slots - 1);
    // The slot we are in has been emptied: what is in it now is for the next time round.
    const auto ahead = static_cast<int>((at + 1) % slots);
    const auto steps =
        static_cast<unsigned>(std::countr_zero(std::rotr(occupied_[level], ahead))) + 1;
    const std::uint32_t start = ((current_.ms >> (shift * level)) + steps) << (shift * level);
    const std::uint32_t distance = start - current_.ms;
    nearest = nearest ? std::min(*nearest, distance) : distance;
  }
  return nearest;
}

// Slots of higher levels that begin now hand their connections down.
void Wheel::cascade() noexcept {
  for (unsigned level = 1; level < levels; ++level) {
    if ((current_.ms & ((1u << (shift * level)) - 1)) != 0) return;
    const unsigned slot = (current_.ms >> (shift * level)) & (slots - 1);
    Index id = heads_[level][slot];
    heads_[level][slot] = none;
    occupied_[level] &= ~(std::uint64_t{1} << slot);
    while (id != none) {
      ControlBlock& c = connections_[id];
      id = c.wheel_next;
      c.clear(flag::on_wheel);
      // Due exactly now: into the slot that is being emptied.
      if (!current_.before(c.wheel_due)) {
        const Tick before = current_;
        current_.ms -= 1;
        c.wheel_due = before;
        insert(c);
        current_ = before;
      } else {
        insert(c);
      }
    }
  }
}

Index Wheel::next(Tick now) noexcept {
  soonest_ = current_;
  for (;;) {
    const Index id = heads_[0][current_.ms & (slots - 1)];
    if (id != none) {
      remove(connections_[id]);
      return id;
    }
    const auto distance = ticks_to_next();
    if (!current_.before(now)) {
      if (distance) soonest_ = current_ + *distance;
      return none;
    }
    if (!distance || *distance > now - current_) {
      // No slot begins on the way.
      if (distance) soonest_ = current_ + *distance;
      current_ = now;
      return none;
    }
    current_ = current_ + *distance;
    cascade();
  }
}

}  // namespace arrakis::extaris::tcp
