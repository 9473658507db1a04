#include "control-plane/protocol/capture_ring.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <random>
#include <thread>

namespace arrakis::sight {
namespace {

struct Free {
  void operator()(std::byte* memory) const { std::free(memory); }
};

class CaptureRing : public testing::Test {
 protected:
  CaptureRing() { std::memset(memory_.get(), 0, capture_bytes); }

  std::span<std::byte> memory() { return {memory_.get(), capture_bytes}; }
  CaptureHeader& header() { return header_of(memory()); }
  // A frame whose bytes follow from its number.
  static std::vector<std::byte> frame(std::size_t number) {
    return std::vector<std::byte>(14 + number * 37 % 1500, static_cast<std::byte>(number));
  }
  void poke(std::size_t at, const FrameHeader& record) {
    std::memcpy(memory_.get() + ring_offset + at, &record, sizeof(record));
  }

  std::unique_ptr<std::byte, Free> memory_{
      static_cast<std::byte*>(std::aligned_alloc(4096, capture_bytes))};
};

TEST_F(CaptureRing, FramesComeOutAsTheyWentInAroundTheEnd) {
  CaptureWriter writer{memory(), snap_bytes_max};
  CaptureReader reader{memory()};
  for (std::size_t i = 0; i < 40'000; ++i) {  // several laps
    writer.write(frame(i), i, i % 2);
    writer.publish();
    if (i % 7 != 6) continue;
    for (std::size_t k = i - 6; k <= i; ++k) {
      const auto out = reader.next();
      ASSERT_TRUE(out && *out) << k;
      EXPECT_EQ((*out)->bytes, frame(k));
      EXPECT_EQ((*out)->time_ns, k);
      EXPECT_EQ((*out)->is_outgoing, k % 2 == 1);
    }
    ASSERT_TRUE(reader.next()) << "and no more";
  }
  EXPECT_EQ(reader.lost(), 0u);
  EXPECT_EQ(reader.seen(), 40'000u);
}

TEST_F(CaptureRing, KeepsTheFirstBytesOfALongFrame) {
  CaptureWriter writer{memory(), 20};
  CaptureReader reader{memory()};
  writer.write(std::vector<std::byte>(1000, std::byte{1}), 0, 0);
  writer.publish();
  const auto out = reader.next();
  ASSERT_TRUE(out && *out);
  EXPECT_EQ((*out)->bytes.size(), 20u);
  EXPECT_EQ((*out)->original_bytes, 1000u);
}

TEST_F(CaptureRing, AWriterThatNobodyReadsLosesAndCounts) {
  CaptureWriter writer{memory(), snap_bytes_max};
  const std::vector<std::byte> jumbo(9000);
  for (int i = 0; i < 2000; ++i) writer.write(jumbo, 0, 0);
  writer.publish();
  CaptureReader reader{memory()};
  std::uint64_t got = 0;
  for (auto out = reader.next(); out && *out; out = reader.next()) ++got;
  EXPECT_GT(got, ring_bytes / 9100);
  EXPECT_EQ(got + reader.lost(), 2000u);
  EXPECT_EQ(reader.seen(), 2000u);
  writer.write(jumbo, 0, 0);
  writer.publish();
  EXPECT_TRUE(*reader.next()) << "there is room again";
}

TEST_F(CaptureRing, AReaderThatLiesGetsNothing) {
  CaptureWriter writer{memory(), snap_bytes_max};
  header().read = 1'000'000;  // ahead of what was written
  writer.write(frame(1), 0, 0);
  EXPECT_EQ(header().lost, 1u);
  header().read = 0;
  writer.write(frame(1), 0, 0);
  EXPECT_EQ(header().lost, 1u);
}

TEST_F(CaptureRing, AWriterThatLiesIsFoundOut) {
  const FrameHeader sound{0, 64, 40, 40, 0};
  const auto refuses = [this](std::uint64_t written, const FrameHeader& record) {
    header() = {};
    header().written = written;
    poke(0, record);
    CaptureReader reader{memory()};
    return !reader.next();
  };
  EXPECT_FALSE(refuses(64, sound));
  EXPECT_TRUE(refuses(ring_bytes + 1, sound));
  EXPECT_TRUE(refuses(8, sound)) << "half a header";
  EXPECT_TRUE(refuses(64, {0, 72, 40, 40, 0})) << "past what was written";
  EXPECT_TRUE(refuses(64, {0, 0, 0, 40, 0})) << "no way on";
  EXPECT_TRUE(refuses(64, {0, 63, 39, 40, 0}));
  EXPECT_TRUE(refuses(64, {0, 64, 41, 41, 0}));
  EXPECT_TRUE(refuses(64, {0, 64, 40, 39, 0}));
  EXPECT_TRUE(refuses(64, {0, 64, 40, snap_bytes_max + 1, 0}));
  EXPECT_TRUE(refuses(64, {0, 64, 40, 40, 2}));
  EXPECT_TRUE(refuses(64, {0, 64, 0, 0, 0})) << "an end in the middle";
}

TEST_F(CaptureRing, ARingOfAnyBytesEnds) {
  std::mt19937_64 random{1};
  for (int i = 0; i < 200; ++i) {
    for (std::size_t at = 0; at < 4096; at += 8) {
      const std::uint64_t word = random() % 3 == 0 ? random() % 128 : random();
      std::memcpy(memory_.get() + ring_offset + at, &word, sizeof(word));
    }
    header() = {};
    header().written = random() % (2 * ring_bytes);
    CaptureReader reader{memory()};
    for (int turn = 0; turn < 1000; ++turn) {
      const auto out = reader.next();
      if (!out || !*out) break;
      EXPECT_LE((*out)->bytes.size(), snap_bytes_max);
    }
  }
}

// TSan looks on.
TEST_F(CaptureRing, TwoThreads) {
  constexpr std::uint64_t frames = 20'000;
  std::thread producer{[this] {
    CaptureWriter writer{memory(), snap_bytes_max};
    for (std::size_t i = 0; i < frames; ++i) {
      writer.write(frame(i), i, 0);
      if (i % 8 == 7) writer.publish();
    }
    writer.publish();
  }};
  CaptureReader reader{memory()};
  std::uint64_t got = 0, last = 0;
  while (got + reader.lost() < frames) {
    const auto out = reader.next();
    ASSERT_TRUE(out) << out.error();
    if (!*out) continue;
    EXPECT_EQ((*out)->bytes, frame((*out)->time_ns));
    EXPECT_TRUE(got == 0 || (*out)->time_ns > last);
    last = (*out)->time_ns;
    ++got;
  }
  producer.join();
}

}  // namespace
}  // namespace arrakis::sight
