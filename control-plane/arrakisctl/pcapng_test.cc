#include "control-plane/arrakisctl/pcapng.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>

namespace arrakis::ctl::pcapng {
namespace {

std::string hex(const Bytes& bytes) {
  std::string text;
  for (const char c : bytes) {
    constexpr const char* digits = "0123456789abcdef";
    text += digits[static_cast<unsigned char>(c) >> 4];
    text += digits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

// Byte by byte as the draft draws them.
TEST(Pcapng, SectionHeader) {
  EXPECT_EQ(hex(section_header("ab")),
            "0a0d0d0a"
            "28000000"
            "4d3c2b1a"
            "0100"
            "0000"
            "ffffffffffffffff"
            "0400"
            "0200"
            "61620000"
            "00000000"
            "28000000");
}

TEST(Pcapng, Interface) {
  EXPECT_EQ(hex(interface("vf0", "echo", 64)),
            "01000000"
            "30000000"
            "0100"
            "0000"
            "40000000"
            "0200"
            "0300"
            "76663000"
            "0300"
            "0400"
            "6563686f"
            "0900"
            "0100"
            "09000000"
            "00000000"
            "30000000");
}

TEST(Pcapng, EnhancedPacketIsPaddedAndHasItsDirection) {
  const std::array<std::byte, 3> bytes{std::byte{1}, std::byte{2}, std::byte{3}};
  EXPECT_EQ(hex(enhanced_packet({.interface = 1,
                                 .time_ns = 0x1122334455667788,
                                 .original_bytes = 60,
                                 .is_outgoing = true,
                                 .bytes = bytes})),
            "06000000"
            "30000000"
            "01000000"
            "44332211"
            "88776655"
            "03000000"
            "3c000000"
            "01020300"
            "0200"
            "0400"
            "02000000"
            "00000000"
            "30000000");
}

TEST(Pcapng, InterfaceStatistics) {
  EXPECT_EQ(hex(interface_statistics(
                {.interface = 0, .begin_ns = 1, .end_ns = 2, .received = 3, .dropped = 4})),
            "05000000"
            "4c000000"
            "00000000"
            "00000000"
            "02000000"
            "0200"
            "0800"
            "0000000001000000"
            "0300"
            "0800"
            "0000000002000000"
            "0400"
            "0800"
            "0300000000000000"
            "0500"
            "0800"
            "0400000000000000"
            "00000000"
            "4c000000");
}

TEST(Pcapng, BlocksAreWholeWordsAndSayTheirLengthTwice) {
  for (std::size_t size = 0; size < 9; ++size) {
    const Bytes block = interface(std::string(size, 'x'), std::string(5000, 'y'), 0);
    std::uint32_t first = 0, last = 0;
    std::memcpy(&first, block.data() + 4, 4);
    std::memcpy(&last, block.data() + block.size() - 4, 4);
    EXPECT_EQ(block.size() % 4, 0u);
    EXPECT_EQ(first, block.size());
    EXPECT_EQ(last, block.size());
  }
}

}  // namespace
}  // namespace arrakis::ctl::pcapng
