#include "extaris/ip/reassembly.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/random.h"
#include "extaris/packet/bytes.h"
#include "extaris/packet/eal.h"
#include "extaris/wire/ipv4.h"
#include "extaris/wire/ipv6.h"

namespace arrakis::extaris {
namespace {

struct Piece {
  std::size_t offset;
  std::size_t bytes;
};

class ReassemblyTest : public testing::TestWithParam<bool> {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(start_eal()); }

  bool is_v4() const { return GetParam(); }
  std::size_t header_bytes() const { return is_v4() ? sizeof(Ipv4Header) : sizeof(Ipv6Header); }

  std::vector<std::byte> random_payload(std::size_t count) {
    std::vector<std::byte> payload(count);
    for (std::byte& byte : payload) byte = static_cast<std::byte>(random_.next());
    return payload;
  }
  // Cuts at random places and shuffles.
  std::vector<Piece> cut(std::size_t total, std::size_t largest_units) {
    std::vector<Piece> pieces;
    for (std::size_t at = 0; at < total;) {
      const std::size_t bytes =
          std::min<std::size_t>(8 * (1 + random_.below(largest_units)), total - at);
      pieces.push_back({at, bytes});
      at += bytes;
    }
    for (std::size_t i = pieces.size(); i > 1; --i)
      std::swap(pieces[i - 1], pieces[random_.below(i)]);
    return pieces;
  }
  Packet give(const std::vector<std::byte>& whole, const Piece& piece) {
    return reassembly_.add({.source = *IpAddress::parse(is_v4() ? "10.0.0.2" : "fd00::2"),
                            .target = *IpAddress::parse(is_v4() ? "10.0.0.1" : "fd00::1"),
                            .identification = identification_,
                            .protocol = 17,
                            .hop_limit = 64,
                            .offset = piece.offset,
                            .more = piece.offset + piece.bytes < whole.size(),
                            .payload = std::span{whole}.subspan(piece.offset, piece.bytes)},
                           Instant{});
  }

  Random random_{3};
  Counters counters_;
  Reassembly reassembly_{counters_};
  std::uint32_t identification_ = 1;
};

TEST_P(ReassemblyTest, AnyCutInAnyOrderGivesTheSameBytes) {
  for (int round = 0; round < 300; ++round, ++identification_) {
    const auto whole = random_payload(9 + random_.below(65'535 - header_bytes() - 9 + 1));
    const auto pieces = cut(whole.size(), 1 + random_.below(600));
    if (pieces.size() < 2) continue;
    for (std::size_t i = 0; i + 1 < pieces.size(); ++i) {
      ASSERT_FALSE(give(whole, pieces[i]));
      if (random_.once_in(3)) {
        ASSERT_FALSE(give(whole, pieces[random_.below(i + 1)]));  // doubled
      }
    }
    const Packet packet = give(whole, pieces.back());
    ASSERT_TRUE(packet);
    EXPECT_TRUE(std::ranges::equal(bytes(packet).subspan(header_bytes()), whole));
    if (is_v4())
      EXPECT_TRUE(parse_ipv4(bytes(packet), Verify::yes));
    else
      EXPECT_TRUE(parse_ipv6(bytes(packet)));
  }
  EXPECT_EQ(counters_.dropped(Drop::fragment_overlap), 0u);
  EXPECT_FALSE(reassembly_.next_deadline());
}

TEST_P(ReassemblyTest, AnythingThatContradictsSpoilsTheWhole) {
  const auto whole = random_payload(4'000);
  const Piece pairs[][2] = {
      {{0, 1'600}, {1'592, 800}},      // one unit shared
      {{800, 800}, {0, 4'000}},        // covered by the other
      {{2'000, 2'000}, {2'400, 800}},  // inside
  };
  for (const auto& pair : pairs) {
    ++identification_;
    const std::uint64_t before = counters_.dropped(Drop::fragment_overlap);
    give(whole, pair[0]);
    auto forged = whole;
    for (std::byte& byte : forged) byte ^= std::byte{1};
    EXPECT_FALSE(give(forged, pair[1]));
    EXPECT_EQ(counters_.dropped(Drop::fragment_overlap), before + 1);
    for (std::size_t at = 0; at < whole.size(); at += 400) EXPECT_FALSE(give(whole, {at, 400}));
  }
}

TEST_P(ReassemblyTest, NothingLiesBehindTheEnd) {
  const auto longer = random_payload(4'000);
  const std::vector<std::byte> shorter(longer.begin(), longer.begin() + 1'600);
  EXPECT_FALSE(give(longer, {2'400, 800}));  // far behind
  EXPECT_FALSE(give(shorter, {800, 800}));   // says that the end is at 1,600
  EXPECT_EQ(counters_.dropped(Drop::fragment_overlap), 1u);
  ++identification_;
  EXPECT_FALSE(give(shorter, {800, 800}));
  EXPECT_FALSE(give(longer, {1'600, 800}));
  EXPECT_EQ(counters_.dropped(Drop::fragment_overlap), 2u);
}

TEST_P(ReassemblyTest, DatagramsThatAreHeldLeaveRoomForOthers) {
  const auto whole = random_payload(2'000);
  std::vector<Packet> held;
  for (std::size_t i = 0; i < limits::reassembled_held_max; ++i, ++identification_) {
    give(whole, {0, 1'000});
    held.push_back(give(whole, {1'000, 1'000}));
    ASSERT_TRUE(held.back());
  }
  for (std::size_t i = 0; i < limits::reassemblies_max; ++i, ++identification_)
    give(whole, {0, 1'000});
  EXPECT_EQ(counters_.dropped(Drop::fragment_no_room), 0u);
}

INSTANTIATE_TEST_SUITE_P(Families, ReassemblyTest, testing::Bool(),
                         [](const auto& family) { return family.param ? "Ipv4" : "Ipv6"; });

}  // namespace
}  // namespace arrakis::extaris
