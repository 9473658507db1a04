#include "extaris/tcp/flow_table.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/random.h"

namespace arrakis::extaris::tcp {
namespace {

TEST(FlowTable, FindsWhatWasInsertedAndNotRemoved) {
  FlowTable table{512};
  Random random{7};
  std::map<Index, std::uint32_t> there;  // and the hash of each
  for (int step = 0; step < 200'000; ++step) {
    const auto id = static_cast<Index>(random.below(600));
    if (const auto found = there.find(id); found != there.end()) {
      table.remove(found->second, id);
      there.erase(found);
    } else if (there.size() < 500) {
      // Few hashes, and many that end alike: long runs.
      const auto hash = static_cast<std::uint32_t>(0x8000'0000 | random.below(40) * 0x100);
      table.insert(hash, id);
      there.emplace(id, hash);
    }
    if (step % 97 != 0) continue;
    for (Index i = 0; i < 600; ++i) {
      const auto expected = there.find(i);
      const std::uint32_t hash = expected != there.end() ? expected->second : 0x8000'0000;
      const Index got = table.find(hash, [i](Index other) { return other == i; });
      ASSERT_EQ(got, expected != there.end() ? i : none) << "step " << step;
    }
  }
}

TEST(FlowTable, IsAsGoodAfterManyConnectionsAsWhenItWasNew) {
  FlowTable table{4};
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    const std::uint32_t hash = 0x8000'0000 | i * 2'654'435'761u;
    table.insert(hash, 1);
    ASSERT_EQ(table.find(hash, [](Index) { return true; }), 1u);
    table.remove(hash, 1);
    ASSERT_EQ(table.candidate(hash), none);  // ends: no tombstone fills the table
  }
}

TEST(FlowHash, DependsOnEveryPartAndOnItsKey) {
  const IpAddress a = *IpAddress::parse("10.0.0.1");
  const IpAddress b = *IpAddress::parse("10.0.0.2");
  const FlowHash hash{1, 2};
  std::set<std::uint32_t> different{hash(a, b, 1),           hash(b, a, 1),
                                    hash(a, b, 2),           hash(a, a, 1),
                                    FlowHash{1, 3}(a, b, 1), FlowHash{3, 2}(a, b, 1)};
  EXPECT_EQ(different.size(), 6u);
}

}  // namespace
}  // namespace arrakis::extaris::tcp
