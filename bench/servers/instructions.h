// instructions.h: how many instructions a piece of code executes, in a machine whose time stamp
// counter counts them: QEMU with `-icount shift=0`, where a nanosecond is an instruction.
//
// What the reading itself costs is measured at start and taken off.
// Threads: one an object.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "base/error.h"

namespace arrakis::bench {

// By this core, since it started. Not inlined: a call costs the same wherever it stands.
[[gnu::noinline]] std::uint64_t executed() noexcept;

// That many, and a handful.
void execute(std::uint64_t instructions) noexcept;

// Nothing, or why executed() does not count instructions here.
Outcome<void> counts_instructions() noexcept;

// Ticks of the kernel's timer, 8,600 instructions each: its coarse clock goes on with each.
class TickWatch {
 public:
  // Whether there was one since the last look.
  bool looks() noexcept;

 private:
  std::int64_t last_ns_ = 0;
};

// What was executed between enter() and leave(), added up, with the cost of one reading in each.
class Section {
 public:
  struct Spent {
    std::uint64_t instructions = 0, times = 0;
    friend Spent operator+(Spent a, Spent b) {
      return {a.instructions + b.instructions, a.times + b.times};
    }
    friend Spent operator-(Spent a, Spent b) {
      return {a.instructions - b.instructions, a.times - b.times};
    }
  };

  void enter() noexcept { began_ = executed(); }
  void leave() noexcept {
    spent_.instructions += executed() - began_;
    ++spent_.times;
  }
  Spent spent() const noexcept { return spent_; }

 private:
  std::uint64_t began_ = 0;
  Spent spent_;
};

// Of a Section around nothing.
struct SectionCost {
  std::uint64_t inside = 0;   // what it tells
  std::uint64_t outside = 0;  // what it adds to a section around it

  static SectionCost measure() noexcept;
  std::uint64_t net(Section::Spent spent) const noexcept {
    return spent.instructions - spent.times * inside;
  }
};

// Turns of a loop that find nothing are about alike: who takes much longer was interrupted.
class IdleTurns {
 public:
  // Less than any interrupt costs, more than such turns differ by (a look at the clock).
  static constexpr std::uint64_t difference_max = 500;

  // What an interrupt added to a turn.
  std::uint64_t added_to(std::uint64_t turn) noexcept {
    shortest_ = std::min(shortest_, turn);
    return turn - shortest_ > difference_max ? turn - shortest_ : 0;
  }

 private:
  std::uint64_t shortest_ = std::numeric_limits<std::uint64_t>::max();
};

// Where in a turn of a server on libos its instructions went: what is called of the device, what is
// in the poll of the stack but not there, and (not counted here) all else.
class Layers {
 public:
  Section driver;

  void enter_poll() noexcept {
    driver_before_ = driver.spent();
    poll_.enter();
  }
  void leave_poll() noexcept {
    poll_.leave();
    driver_in_polls_ = driver_in_polls_ + (driver.spent() - driver_before_);
  }
  // After each turn. Those that found nothing count nowhere.
  void turned(bool found_work) noexcept;

  std::uint64_t in_driver() const noexcept { return in_driver_; }
  std::uint64_t in_stack() const noexcept { return in_stack_; }
  // Added to the turns by having been counted.
  std::uint64_t in_counting() const noexcept { return in_counting_; }

 private:
  const SectionCost cost_ = SectionCost::measure();
  Section poll_;
  Section::Spent driver_before_, driver_in_polls_;
  std::uint64_t in_driver_ = 0, in_stack_ = 0, in_counting_ = 0;
};

// For loops that poll: turns that found work. Where packets come in by interrupts, those that fell
// into other turns count too.
class TurnMeter {
 public:
  enum class Interrupts : std::uint8_t { ours, not_ours };
  explicit TurnMeter(Interrupts interrupts) noexcept;
  TurnMeter(const TurnMeter&) = delete;
  TurnMeter& operator=(const TurnMeter&) = delete;

  // After each turn of the loop.
  [[gnu::noinline]] void turned(bool found_work) noexcept;
  // Outlives this.
  void split_by(Layers& layers) noexcept { layers_ = &layers; }

  std::uint64_t busy() const noexcept {
    return busy_ - (layers_ != nullptr ? layers_->in_counting() : 0);
  }
  // In what counts.
  std::uint64_t ticks() const noexcept { return ticks_; }
  const Layers* layers() const noexcept { return layers_; }

 private:
  Interrupts interrupts_;
  std::uint64_t cost_ = 0;  // of an empty turn: what counting it takes
  std::uint64_t busy_ = 0;
  std::uint64_t began_ = 0;
  std::uint64_t ticks_ = 0;
  TickWatch watch_;
  IdleTurns idle_;
  Layers* layers_ = nullptr;
};

}  // namespace arrakis::bench
