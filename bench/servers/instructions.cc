#include "bench/servers/instructions.h"

#include <ctime>
#include <utility>

#ifdef __x86_64__
#include <x86intrin.h>
#endif

namespace arrakis::bench {
namespace {

constexpr int trials = 16;  // the least of them was not interrupted

template <class Measured>
std::uint64_t least(Measured measured) noexcept {
  std::uint64_t result = measured();
  for (int i = 1; i < trials; ++i) result = std::min(result, measured());
  return result;
}

}  // namespace

std::uint64_t executed() noexcept {
#ifdef __x86_64__
  return __rdtsc();
#else
  return 0;
#endif
}

void execute(std::uint64_t instructions) noexcept {
  std::uint64_t turns = instructions / 2;
  if (turns == 0) return;
#ifdef __x86_64__
  asm volatile("1: dec %0\n\tjnz 1b" : "+r"(turns) : : "cc");
#else
  for (; turns != 0; --turns) asm volatile("" : "+r"(turns));
#endif
}

Outcome<void> counts_instructions() noexcept {
  constexpr std::uint64_t planted = 10'000, slack = 100;
  const std::uint64_t found = least([] {
    const std::uint64_t began = executed();
    execute(planted);
    return executed() - began;
  });
  if (found >= planted && found <= planted + slack) return {};
  return fail(Error::Code::unavailable,
              "the time stamp counter of this machine does not count instructions: " +
                  std::to_string(planted) + " of them are " + std::to_string(found),
              "emulate one: qemu-system-x86_64 -icount shift=0");
}

bool TickWatch::looks() noexcept {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &time);  // no system call: the vDSO's page
  const std::int64_t ns = std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
  return std::exchange(last_ns_, ns) != ns;
}

SectionCost SectionCost::measure() noexcept {
  SectionCost cost;
  cost.inside = least([] {
    Section empty;
    empty.enter();
    empty.leave();
    return empty.spent().instructions;
  });
  cost.outside = least([&cost] {
    Section outer, inner;
    outer.enter();
    inner.enter();
    inner.leave();
    outer.leave();
    asm volatile("" ::"r"(&inner) : "memory");  // its sum is wanted
    return outer.spent().instructions - cost.inside;
  });
  return cost;
}

void Layers::turned(bool found_work) noexcept {
  if (found_work) {
    const std::uint64_t driver_in_poll =
        cost_.net(driver_in_polls_) + driver_in_polls_.times * cost_.outside;
    in_driver_ += cost_.net(driver.spent());
    in_stack_ += cost_.net(poll_.spent()) - driver_in_poll;
    in_counting_ += (driver.spent().times + poll_.spent().times) * cost_.outside;
  }
  driver = {};
  poll_ = {};
  driver_in_polls_ = {};
}

TurnMeter::TurnMeter(Interrupts interrupts) noexcept : interrupts_{interrupts} {
  turned(true);
  cost_ = least([this] {
    const std::uint64_t before = busy_;
    turned(true);
    return busy_ - before;
  });
  busy_ = 0;
}

void TurnMeter::turned(bool found_work) noexcept {
  const std::uint64_t turn = executed() - began_ - cost_;
  const bool ticked = watch_.looks();
  if (found_work)
    busy_ += turn;
  else if (interrupts_ == Interrupts::ours)
    busy_ += idle_.added_to(turn);
  if (ticked && (found_work || interrupts_ == Interrupts::ours)) ++ticks_;
  if (layers_ != nullptr) layers_->turned(found_work);
  began_ = executed();
}

}  // namespace arrakis::bench
