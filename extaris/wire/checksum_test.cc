#include "extaris/wire/checksum.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "base/random.h"

namespace arrakis::extaris {
namespace {

// RFC 1071, section 4.1, word by word in network order.
std::uint16_t slow_sum(std::span<const std::byte> bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    const auto high = static_cast<std::uint32_t>(bytes[i]);
    const auto low = i + 1 < bytes.size() ? static_cast<std::uint32_t>(bytes[i + 1]) : 0u;
    sum += high << 8 | low;
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return static_cast<std::uint16_t>(sum);
}

std::vector<std::byte> random_bytes(Random& random, std::size_t count) {
  std::vector<std::byte> bytes(count);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random.next());
  return bytes;
}

TEST(InternetSum, ExampleOfRfc1071) {
  const std::uint8_t raw[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
  const auto checksum = InternetSum{}.add(std::as_bytes(std::span{raw})).checksum();
  EXPECT_EQ(checksum.host(), static_cast<std::uint16_t>(~0xddf2));
}

TEST(InternetSum, AnySizeAtAnyAlignment) {
  Random random{1};
  const auto bytes = random_bytes(random, 300);
  for (std::size_t offset = 0; offset < 16; ++offset)
    for (std::size_t size = 0; size < 200; ++size) {
      const auto part = std::span{bytes}.subspan(offset, size);
      const be16_t fast = InternetSum{}.add(part).checksum();
      EXPECT_EQ(fast.host(), static_cast<std::uint16_t>(~slow_sum(part))) << offset << " " << size;
    }
}

TEST(InternetSum, CarriesOfTheLargestPacket) {
  const std::vector<std::byte> ones(65'535, std::byte{0xff});
  EXPECT_EQ(InternetSum{}.add(ones).checksum().host(), static_cast<std::uint16_t>(~slow_sum(ones)));
}

TEST(InternetSum, PiecesAddUp) {
  Random random{2};
  const auto bytes = random_bytes(random, 101);
  for (std::size_t cut = 0; cut <= bytes.size(); cut += 2) {
    const auto all = std::span{bytes};
    EXPECT_EQ(InternetSum{}.add(all.first(cut)).add(all.subspan(cut)).folded(),
              InternetSum{}.add(all).folded());
  }
}

TEST(InternetSum, IsIntactWithItsOwnChecksumAndNotWithABitFlipped) {
  Random random{3};
  auto bytes = random_bytes(random, 64);
  std::memset(bytes.data() + 10, 0, 2);
  const be16_t checksum = InternetSum{}.add(bytes).checksum();
  std::memcpy(bytes.data() + 10, &checksum, 2);
  EXPECT_TRUE(InternetSum{}.add(bytes).intact());
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    EXPECT_FALSE(InternetSum{}.add(bytes).intact());
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
  }
}

TEST(UpdatedChecksum, EqualsOneTakenAnew) {  // RFC 1624
  Random random{4};
  for (int i = 0; i < 1'000; ++i) {
    auto bytes = random_bytes(random, 20);
    const be16_t before = InternetSum{}.add(bytes).checksum();
    be16_t old_word;
    std::memcpy(&old_word, bytes.data() + 8, 2);
    const be16_t new_word{static_cast<std::uint16_t>(random.next())};
    std::memcpy(bytes.data() + 8, &new_word, 2);
    EXPECT_EQ(updated_checksum(before, old_word, new_word), InternetSum{}.add(bytes).checksum());
  }
}

}  // namespace
}  // namespace arrakis::extaris
