// histogram.h: how often each latency was seen, at one percent, in fixed memory.
//
// Log-linear buckets after HdrHistogram (Tene): each power of two is cut into 128 equal parts, so a
// bucket is never wider than 1/128 of the values in it, and what is reported lies within 0.4 %.
// The memory (58 KiB) is part of the object; record() takes none and does not fail.
// Threads: one.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace arrakis::bench {

class Histogram {
 public:
  void record(std::uint64_t value) noexcept {
    ++counts_[index_of(value)];
    ++count_;
    sum_ += static_cast<double>(value);
    if (value < min_) min_ = value;
    if (value > max_) max_ = value;
  }
  void clear() noexcept { *this = Histogram{}; }

  std::uint64_t count() const noexcept { return count_; }
  // All four are 0 while nothing was recorded. min, max and mean are exact.
  std::uint64_t min() const noexcept { return count_ == 0 ? 0 : min_; }
  std::uint64_t max() const noexcept { return max_; }
  double mean() const noexcept { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }
  // The value that the fraction `quantile` of all does not exceed. REQUIRES: 0 <= quantile <= 1.
  std::uint64_t value_at(double quantile) const noexcept;

 private:
  static constexpr unsigned part_bits = 7;
  static constexpr std::size_t parts = std::size_t{1} << part_bits;
  // Values below 2 * parts have a bucket each; every further power of two has `parts` of them.
  static constexpr std::size_t buckets = (64 - part_bits + 1) * parts;

  static constexpr std::size_t index_of(std::uint64_t value) noexcept {
    if (value < 2 * parts) return value;
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - (part_bits + 1);
    return shift * parts + (value >> shift);
  }
  static constexpr std::uint64_t middle_of(std::size_t index) noexcept {
    if (index < 2 * parts) return index;
    const auto shift = static_cast<unsigned>(index / parts - 1);
    const std::uint64_t lowest = (index - shift * parts) << shift;
    return lowest + (std::uint64_t{1} << shift) / 2;
  }

  std::array<std::uint64_t, buckets> counts_{};
  std::uint64_t count_ = 0;
  std::uint64_t min_ = ~std::uint64_t{0};
  std::uint64_t max_ = 0;
  double sum_ = 0;
};

}  // namespace arrakis::bench
