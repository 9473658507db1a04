// udp_sim.cc: many worlds, each from a seed. A failing seed is one command to repeat.
//
// usage: udp_sim [--seeds FIRST COUNT] [--must-fail]
//
// --must-fail: the stack has a planted bug (meson.build); the status is 0 when a seed finds it.
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "extaris/packet/eal.h"
#include "extaris/packet/pool.h"
#include "tests/sim/udp_world.h"

namespace arrakis::sim {
namespace {

struct Seeds {
  std::uint64_t first = 1;
  std::uint64_t count = 1'000;
  bool must_fail = false;
};

bool parse_number(std::string_view text, std::uint64_t& into) {
  const auto result = std::from_chars(text.data(), text.data() + text.size(), into);
  return result.ec == std::errc{} && result.ptr == text.data() + text.size();
}

std::optional<Seeds> parse(int argc, char** argv) {
  Seeds seeds;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--must-fail") == 0) {
      seeds.must_fail = true;
    } else if (std::strcmp(argv[i], "--seeds") == 0 && i + 2 < argc &&
               parse_number(argv[i + 1], seeds.first) && parse_number(argv[i + 2], seeds.count)) {
      i += 2;
    } else {
      return std::nullopt;
    }
  }
  return seeds;
}

struct Totals {
  std::uint64_t frames = 0, lost = 0, duplicated = 0, corrupted = 0, reordered = 0, echoes = 0;

  void add(const UdpWorld& world) {
    frames += world.link().taken;
    lost += world.link().lost;
    duplicated += world.link().duplicated;
    corrupted += world.link().corrupted;
    reordered += world.link().reordered;
    echoes += world.echoes();
  }
  // A simulation that has nothing to survive shows nothing.
  bool met_everything() const {
    return lost > 0 && duplicated > 0 && corrupted > 0 && reordered > 0 && echoes > 0;
  }
};

std::string run_seed(extaris::PacketPool& pool, std::uint64_t seed, Totals& totals) {
  {
    UdpWorld world{pool, seed};
    const std::string complaint = world.run();
    totals.add(world);
    if (!complaint.empty()) return complaint;
  }
  if (pool.available() != pool.capacity())
    return std::to_string(pool.capacity() - pool.available()) + " packets never came back";
  return {};
}

int run(const Seeds& seeds, const char* program) {
  if (!extaris::start_eal()) return EXIT_FAILURE;
  auto pool = extaris::PacketPool::create({.packets = 4096});
  if (!pool) return EXIT_FAILURE;
  Totals totals;
  for (std::uint64_t seed = seeds.first; seed < seeds.first + seeds.count; ++seed) {
    const std::string complaint = run_seed(*pool, seed, totals);
    if (complaint.empty()) continue;
    std::printf("seed %llu: %s\nrepeat: %s --seeds %llu 1\n", static_cast<unsigned long long>(seed),
                complaint.c_str(), program, static_cast<unsigned long long>(seed));
    return seeds.must_fail ? EXIT_SUCCESS : EXIT_FAILURE;
  }
  if (seeds.must_fail) {
    std::printf("no seed finds the planted bug\n");
    return EXIT_FAILURE;
  }
  std::printf(
      "%llu seeds: %llu frames, %llu lost, %llu doubled, %llu damaged, %llu reordered; "
      "%llu echoes\n",
      static_cast<unsigned long long>(seeds.count), static_cast<unsigned long long>(totals.frames),
      static_cast<unsigned long long>(totals.lost),
      static_cast<unsigned long long>(totals.duplicated),
      static_cast<unsigned long long>(totals.corrupted),
      static_cast<unsigned long long>(totals.reordered),
      static_cast<unsigned long long>(totals.echoes));
  return seeds.count >= 100 && !totals.met_everything() ? EXIT_FAILURE : EXIT_SUCCESS;
}

}  // namespace
}  // namespace arrakis::sim

int main(int argc, char** argv) {
  const auto seeds = arrakis::sim::parse(argc, argv);
  if (!seeds) {
    std::fprintf(stderr, "usage: udp_sim [--seeds FIRST COUNT] [--must-fail]\n");
    return 2;
  }
  return arrakis::sim::run(*seeds, argv[0]);
}
