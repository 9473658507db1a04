#include "bench/lib/results.h"

#include <gtest/gtest.h>

#include <array>
#include <nlohmann/json.hpp>

namespace arrakis::bench {
namespace {

TEST(Results, RowsAreAListWithEveryField) {
  const Row row{"micro", "lwip", "none", "64 B \"echo\"", "ns", "ns", {33.0, 32.5, 33.1, 5}};
  const auto list = nlohmann::json::parse(to_json(std::array{row, row}));
  ASSERT_TRUE(list.is_array());
  ASSERT_EQ(list.size(), 2u);
  const auto& first = list[0];
  EXPECT_EQ(first.size(), 10u);
  EXPECT_EQ(first["bench"], "micro");
  EXPECT_EQ(first["system"], "lwip");
  EXPECT_EQ(first["wire"], "none");
  EXPECT_EQ(first["case"], "64 B \"echo\"");
  EXPECT_EQ(first["metric"], "ns");
  EXPECT_EQ(first["unit"], "ns");
  EXPECT_EQ(first["median"], 33.0);
  EXPECT_EQ(first["min"], 32.5);
  EXPECT_EQ(first["max"], 33.1);
  EXPECT_EQ(first["runs"], 5);
}

TEST(Results, AFileThatCannotBeWrittenIsAnError) {
  const auto written = write_json({}, "/nowhere/at/all.json");
  ASSERT_FALSE(written);
  EXPECT_NE(written.error().message.find("/nowhere/at/all.json"), std::string::npos);
}

}  // namespace
}  // namespace arrakis::bench
