#include "extaris/tcp/wheel.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "base/random.h"

namespace arrakis::extaris::tcp {
namespace {

class WheelTest : public testing::TestWithParam<std::uint32_t> {
 protected:
  WheelTest() : blocks_(200) {
    for (Index i = 0; i < blocks_.size(); ++i) blocks_[i].id = i;
  }
  std::vector<ControlBlock> blocks_;
  Wheel wheel_{blocks_.data()};
};

// Against a model: nothing comes late, everything comes, and next_due() never promises too much.
TEST_P(WheelTest, LooksAtEachWhenItIsDue) {
  Random random{GetParam()};
  Tick now{GetParam()};  // some of them cross the wrap
  wheel_.follow(now);
  std::map<Index, Tick> due;
  for (int step = 0; step < 20'000; ++step) {
    const auto i = static_cast<Index>(random.below(blocks_.size()));
    const std::uint32_t reach = 1u << random.below(24);
    if (random.once_in(5)) {
      wheel_.remove(blocks_[i]);
      due.erase(i);
    } else if (!due.contains(i)) {
      due[i] = now + static_cast<std::uint32_t>(random.below(reach));
      wheel_.schedule(blocks_[i], due[i]);
    }
    if (!random.once_in(3)) continue;
    now = now + static_cast<std::uint32_t>(random.below(random.once_in(50) ? 5'000'000 : 300));
    for (Index id = wheel_.next(now); id != none; id = wheel_.next(now)) {
      ASSERT_TRUE(due.contains(id));
      // An early look is allowed: it goes back to where it belongs.
      if (now.before(due[id]))
        wheel_.schedule(blocks_[id], due[id]);
      else
        due.erase(id);
    }
    for (const auto& [id, when] : due)
      ASSERT_TRUE(now.before(when) || when == now) << "late by " << (now - when) << " ms";
    const auto next = wheel_.next_due();
    ASSERT_EQ(next.has_value(), !due.empty());
    for (const auto& [id, when] : due) {
      ASSERT_TRUE(next->before(when + 2)) << "promised too late at step " << step;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Starts, WheelTest, testing::Values(0u, 1u, 77'777u, 0xffff'ff00u));

}  // namespace
}  // namespace arrakis::extaris::tcp
