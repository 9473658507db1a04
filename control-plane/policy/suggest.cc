#include "control-plane/policy/suggest.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

namespace arrakis::control {
namespace {

constexpr std::size_t length_max = 32;  // longer than any key of ours

// Levenshtein's distance, one row of the table at a time.
std::size_t distance(std::string_view a, std::string_view b) {
  std::array<std::size_t, length_max + 1> row{};
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string_view closest(std::string_view name, std::span<const std::string_view> known) {
  if (name.size() > length_max) return {};
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(2, name.size() / 3) + 1;
  for (const std::string_view candidate : known) {
    if (candidate.size() > length_max) continue;
    const std::size_t d = distance(name, candidate);
    if (d >= best_distance) continue;
    best = candidate;
    best_distance = d;
  }
  return best;
}

std::string suggestion(std::string_view name, std::span<const std::string_view> known) {
  if (const std::string_view near = closest(name, known); !near.empty())
    return std::string{"did you mean \""}.append(near).append("\"?");
  std::string text = "known here:";
  for (const std::string_view candidate : known) text.append(" ").append(candidate);
  return text;
}

}  // namespace arrakis::control
