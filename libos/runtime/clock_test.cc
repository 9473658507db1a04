#include "libos/runtime/clock.h"

#include <gtest/gtest.h>

namespace arrakis::runtime {
namespace {

// A clock that counts how often it is read.
struct Script {
  std::int64_t ns = 0;
  int readings = 0;
};
struct Scripted {
  Script* script;
  Instant operator()() const noexcept {
    ++script->readings;
    return {script->ns};
  }
};

struct Turned {
  int readings;
  std::int64_t stale_ns_max;
};
// A loop of `turns`, each `turn_ns` long.
Turned turn(SeldomClock<Scripted>& clock, Script& script, int turns, std::int64_t turn_ns) {
  Turned out{-script.readings, 0};
  for (int i = 0; i < turns; ++i) {
    script.ns += turn_ns;
    out.stale_ns_max = std::max(out.stale_ns_max, script.ns - clock.recent().ns);
  }
  out.readings += script.readings;
  return out;
}

TEST(SeldomClock, IsReadOnceInManyTurnsOfABusyLoop) {
  Script script;
  SeldomClock<Scripted> clock{{&script}};
  turn(clock, script, 100, 100);
  const Turned busy = turn(clock, script, 3200, 100);
  EXPECT_EQ(busy.readings, 100);
  EXPECT_LT(busy.stale_ns_max, SeldomClock<>::staleness.ns);
}

TEST(SeldomClock, IsReadAtEveryTurnOfASlowLoop) {
  Script script;
  SeldomClock<Scripted> clock{{&script}};
  const Turned slow = turn(clock, script, 100, 16'000'000);
  EXPECT_EQ(slow.readings, 100);
  EXPECT_EQ(slow.stale_ns_max, 0);
}

TEST(SeldomClock, StaysWithinItsStalenessBetween) {
  for (const std::int64_t turn_ns : {1'000, 5'000, 10'000, 15'000, 30'000}) {
    Script script;
    SeldomClock<Scripted> clock{{&script}};
    EXPECT_LE(turn(clock, script, 1000, turn_ns).stale_ns_max, SeldomClock<>::staleness.ns)
        << turn_ns;
  }
}

TEST(SeldomClock, IsExactWhenAsked) {
  Script script;
  SeldomClock<Scripted> clock{{&script}};
  turn(clock, script, 1000, 100);
  script.ns += 5'000'000'000;
  EXPECT_EQ(clock.now().ns, script.ns);
  EXPECT_EQ(clock.last().ns, script.ns);
  script.ns += 5'000'000'000;
  EXPECT_EQ(clock.recent().ns, script.ns) << "nothing is expected of the call after now()";
}

TEST(SeldomClock, NeverGoesBack) {
  SeldomClock<> clock;
  Instant before = clock.now();
  for (int i = 0; i < 10'000; ++i) {
    const Instant now = clock.recent();
    ASSERT_GE(now, before);
    before = now;
  }
}

TEST(After, EndsAtTheEndOfTime) {
  EXPECT_EQ(after(Instant{5}, Duration{7}).ns, 12);
  EXPECT_EQ(after(Instant{5}, Duration::max()).ns, Duration::max().ns);
}

}  // namespace
}  // namespace arrakis::runtime
