#include "base/byte_reader.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>

#include "base/big_endian.h"

namespace arrakis {
namespace {

struct Pair {
  be16_t first;
  be16_t second;
};

constexpr std::array bytes{std::byte{0x12}, std::byte{0x34}, std::byte{0x56}, std::byte{0x78},
                           std::byte{0x9a}};

TEST(ByteReader, takes_what_is_there_in_network_order) {
  ByteReader in{bytes};
  const auto* pair = in.take<Pair>();
  ASSERT_NE(pair, nullptr);
  EXPECT_EQ(pair->first.host(), 0x1234);
  EXPECT_EQ(pair->second.host(), 0x5678);
  EXPECT_EQ(in.rest().size(), 1u);
}

TEST(ByteReader, takes_nothing_of_what_is_truncated) {
  ByteReader in{std::span{bytes}.first(3)};
  EXPECT_EQ(in.take<Pair>(), nullptr);
  EXPECT_EQ(in.rest().size(), 3u);
  EXPECT_FALSE(in.skip(4));
  EXPECT_TRUE(in.skip(3));
  EXPECT_TRUE(in.rest().empty());
}

static_assert(WireFormat<Pair>);
static_assert(!WireFormat<std::uint16_t>);  // would have to be aligned

}  // namespace
}  // namespace arrakis
