// seeds.h: what the simulations have in common: many worlds, each from a seed, and a failing seed
// as one command to repeat.
#pragma once

#include <unistd.h>

#include <charconv>
#include <concepts>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "extaris/packet/eal.h"
#include "extaris/packet/pool.h"

namespace arrakis::sim {

struct Seeds {
  std::uint64_t first = 1;
  std::uint64_t count = 1'000;
  bool must_fail = false;  // the stack has a planted bug; the status is 0 when a seed finds it
};

inline std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  if (result.ec != std::errc{} || result.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

// [--seeds FIRST COUNT] [--must-fail]
inline std::optional<Seeds> parse_seeds(int argc, char** argv) {
  Seeds seeds;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--must-fail") == 0) {
      seeds.must_fail = true;
      continue;
    }
    if (std::strcmp(argv[i], "--seeds") != 0 || i + 2 >= argc) return std::nullopt;
    const auto first = parse_number(argv[i + 1]);
    const auto count = parse_number(argv[i + 2]);
    if (!first || !count) return std::nullopt;
    seeds.first = *first;
    seeds.count = *count;
    i += 2;
  }
  return seeds;
}

// A world runs and says what is wrong, or nothing; totals are what all of them met together.
template <class World, class Totals>
std::string run_seed(extaris::PacketPool& pool, std::uint64_t seed, Totals& totals) {
  {
    World world{pool, seed};
    std::string complaint = world.run();
    totals.add(world);
    if (!complaint.empty()) return complaint;
  }
  if (pool.available() != pool.capacity())
    return std::to_string(pool.capacity() - pool.available()) + " packets never came back";
  return {};
}

// An assertion of the stack's finds a planted bug as well as the simulation does.
inline void let_assertions_count() {
  std::signal(SIGABRT, [](int) { _exit(EXIT_SUCCESS); });
}

template <class World, class Totals>
int run_seeds(const Seeds& seeds, const char* program) {
  if (!extaris::start_eal()) return EXIT_FAILURE;
  if (seeds.must_fail) let_assertions_count();
  auto pool = extaris::PacketPool::create({.packets = 8192});
  if (!pool) return EXIT_FAILURE;
  Totals totals;
  for (std::uint64_t seed = seeds.first; seed < seeds.first + seeds.count; ++seed) {
    const std::string complaint = run_seed<World>(*pool, seed, totals);
    if (complaint.empty()) continue;
    const auto number = static_cast<unsigned long long>(seed);
    std::printf("seed %llu: %s\nrepeat: %s --seeds %llu 1\n", number, complaint.c_str(), program,
                number);
    return seeds.must_fail ? EXIT_SUCCESS : EXIT_FAILURE;
  }
  if (seeds.must_fail) {
    std::printf("no seed finds the planted bug\n");
    return EXIT_FAILURE;
  }
  totals.print(seeds.count);
  // A simulation that has nothing to survive shows nothing.
  return seeds.count >= 100 && !totals.met_everything() ? EXIT_FAILURE : EXIT_SUCCESS;
}

}  // namespace arrakis::sim
