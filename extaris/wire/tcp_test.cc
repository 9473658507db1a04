#include "extaris/wire/tcp.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <vector>

#include "extaris/wire/load_store.h"

namespace arrakis::extaris {
namespace {

std::vector<std::byte> bytes_of(std::initializer_list<int> values) {
  std::vector<std::byte> bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

std::vector<std::byte> segment(std::uint8_t words, std::size_t bytes) {
  std::vector<std::byte> whole(bytes);
  TcpHeader header{};
  header.words_and_reserved = static_cast<std::uint8_t>(words << 4);
  if (bytes >= sizeof(header)) store(whole.data(), header);
  return whole;
}

TEST(TcpHeaderTest, MustBeThereAndAsLongAsItSays) {
  EXPECT_EQ(parse_tcp(segment(5, 19)).error(), Drop::truncated);
  EXPECT_EQ(parse_tcp(segment(4, 40)).error(), Drop::bad_length);
  EXPECT_EQ(parse_tcp(segment(15, 59)).error(), Drop::bad_length);
  const auto bytes = segment(8, 50);
  const auto parsed = parse_tcp(bytes);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->options.size(), 12u);
  EXPECT_EQ(parsed->payload.size(), 18u);
}

TEST(TcpOptionsTest, ReadsWhatTheWriterWrites) {
  TcpOptionWriter writer;
  const SackBlock block{Seq{7}, Seq{9}};
  writer.maximum_segment_bytes(1460).timestamps({5, 6}).window_scale(7).sack({&block, 1});
  EXPECT_EQ(writer.bytes().size() % 4, 0u);
  const TcpOptions options = parse_tcp_options(writer.bytes());
  EXPECT_EQ(options.maximum_segment_bytes, 1460);
  EXPECT_EQ(options.window_scale, 7);
  ASSERT_TRUE(options.timestamps);
  EXPECT_EQ(options.timestamps->echo, 6u);
  ASSERT_EQ(options.sack_count, 1);
  EXPECT_EQ(options.sack[0], block);
}

TEST(TcpOptionsTest, WritesAsManyBlocksAsThereIsRoomFor) {
  const std::array<SackBlock, 4> blocks{};
  EXPECT_EQ(TcpOptionWriter{}.sack(blocks).bytes().size(), 36u);
  EXPECT_EQ(TcpOptionWriter{}.timestamps({}).sack(blocks).bytes().size(), 40u);
}

// RFC 9293, MUST-7: each of them ends the walk, none runs on or past the end.
TEST(TcpOptionsTest, IllegalLengthsDoNoHarm) {
  for (const int length : {0, 1, 5, 40, 255}) {
    const auto options =
        parse_tcp_options(bytes_of({tcp_option::maximum_segment_size, length, 5, 180}));
    EXPECT_FALSE(options.maximum_segment_bytes) << length;
  }
  EXPECT_FALSE(parse_tcp_options(bytes_of({1, 1, 2})).maximum_segment_bytes);
  EXPECT_FALSE(parse_tcp_options(bytes_of({tcp_option::sack, 9, 0, 0, 0, 0, 0, 0, 0})).sack_count);
  EXPECT_EQ(parse_tcp_options(bytes_of({77, 3, 0, 2, 4, 5, 180})).maximum_segment_bytes, 1460);
  EXPECT_FALSE(parse_tcp_options(bytes_of({0, 2, 4, 5, 180})).maximum_segment_bytes);  // behind end
  EXPECT_EQ(parse_tcp_options(bytes_of({tcp_option::window_scale, 3, 200})).window_scale, 14);
}

}  // namespace
}  // namespace arrakis::extaris
