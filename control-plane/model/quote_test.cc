#include "control-plane/model/quote.h"

#include <gtest/gtest.h>

namespace arrakis::control {
namespace {

TEST(Quote, LeavesPlainTextAlone) { EXPECT_EQ(quote("memcached 1"), "\"memcached 1\""); }

TEST(Quote, EscapesWhatATerminalOrAReaderWouldMistake) {
  EXPECT_EQ(quote(std::string_view{"a\nb\x1b[2J\0\x7f\xff\"\\", 12}),
            R"("a\x0ab\x1b[2J\x00\x7f\xff\x22\x5c")");
}

TEST(Quote, CutsLongText) {
  EXPECT_EQ(quote(std::string(64, 'a')), '"' + std::string(64, 'a') + '"');
  EXPECT_EQ(quote(std::string(65, 'a')), '"' + std::string(64, 'a') + "...\"");
}

TEST(OneLine, EscapesControlCharactersOnly) {
  EXPECT_EQ(one_line("grün \"x\"\n\x1b[31m"), "grün \"x\"\\x0a\\x1b[31m");
}

}  // namespace
}  // namespace arrakis::control
