// script.h: fuzz input as a sequence of small choices and pieces of bytes. Never runs out: then all
// is zero.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace arrakis::fuzz {

class Script {
 public:
  explicit Script(std::span<const std::byte> bytes) : rest_{bytes} {}

  bool done() const { return rest_.empty(); }
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto value = static_cast<std::uint8_t>(rest_.front());
    rest_ = rest_.subspan(1);
    return value;
  }
  std::uint16_t word() {
    const unsigned high = byte();
    return static_cast<std::uint16_t>(high << 8 | byte());
  }
  // A count in a word, then that many, or as many as there are.
  std::vector<std::byte> bytes(std::size_t most) {
    const std::size_t count = std::min({std::size_t{word()}, most, rest_.size()});
    const auto part = rest_.first(count);
    rest_ = rest_.subspan(count);
    return {part.begin(), part.end()};
  }

 private:
  std::span<const std::byte> rest_;
};

// What a target of several files does with one input (script_main.cc). Aborts when something is
// wrong.
void run_script(std::span<const std::byte> input);

}  // namespace arrakis::fuzz
