#include "control-plane/arrakisctl/table.h"

#include <gtest/gtest.h>

namespace arrakis::ctl {
namespace {

TEST(Table, AlignsColumnsAndLeavesNoBlanksAtTheEnd) {
  const Table table{.columns = {{"NAME"}, {"N", Column::Align::right}, {"END"}},
                    .rows = {{"a", "1", "x"}, {"longer", "1000", ""}}};
  EXPECT_EQ(render(table),
            "NAME       N  END\n"
            "a          1  x\n"
            "longer  1000  -\n");
}

TEST(Table, WithoutHeadersHasNoLineOfThem) {
  EXPECT_EQ(render({.columns = {{}, {}}, .rows = {{"key", "value"}}, .indent = "  "}),
            "  key  value\n");
}

TEST(Table, OfNoRowsIsItsHeaders) { EXPECT_EQ(render({.columns = {{"A"}, {"B"}}}), "A  B\n"); }

TEST(Table, CountsCodePointsNotBytes) {
  EXPECT_EQ(render({.columns = {{"A"}, {"B"}}, .rows = {{"grün", "1"}, {"blau", "2"}}}),
            "A     B\ngrün  1\nblau  2\n");
}

TEST(Table, ACellCannotBreakItsRowOrTheTerminal) {
  EXPECT_EQ(render({.columns = {{"A"}}, .rows = {{"x\ny\x1b[31m"}}}), "A\nx\\x0ay\\x1b[31m\n");
}

}  // namespace
}  // namespace arrakis::ctl
