// tcp_sim.cc: TCP over a bad cable, many worlds, each from a seed.
//
// usage: tcp_sim [--seeds FIRST COUNT] [--must-fail]
#include <algorithm>

#include "tests/sim/seeds.h"
#include "tests/sim/tcp/tcp_world.h"

namespace arrakis::sim {
namespace {

struct Totals {
  std::uint64_t lost = 0, duplicated = 0, corrupted = 0, reordered = 0, bytes = 0,
                retransmitted = 0, timeouts = 0, recoveries = 0, probes = 0, window_probes = 0,
                fast = 0, segments = 0, fast_opens = 0, aborted = 0, refused = 0, most_hosts = 0;

  void add(const TcpWorld& world) {
    const extaris::SimCounters cables = world.cables();
    lost += cables.lost;
    duplicated += cables.duplicated;
    corrupted += cables.corrupted;
    reordered += cables.reordered;
    bytes += world.bytes();
    aborted += world.conversations(Conversation::Fate::client_aborts) +
               world.conversations(Conversation::Fate::server_aborts);
    refused += world.conversations(Conversation::Fate::refused);
    most_hosts = std::max<std::uint64_t>(most_hosts, world.hosts());
    for (std::size_t i = 0; i < world.hosts(); ++i) {
      const extaris::TcpCounters& counters = world.tcp(i);
      retransmitted += counters.retransmitted;
      timeouts += counters.retransmission_timeouts;
      recoveries += counters.fast_recoveries;
      probes += counters.loss_probes;
      window_probes += counters.window_probes;
      fast += counters.fast_path;
      segments += counters.segments_received;
      fast_opens += counters.fast_opens_accepted;
    }
  }
  bool met_everything() const {
    return lost > 0 && duplicated > 0 && corrupted > 0 && reordered > 0 && timeouts > 0 &&
           recoveries > 0 && probes > 0 && window_probes > 0 && fast > 0 && fast_opens > 0 &&
           aborted > 0 && refused > 0 && most_hosts > 10;
  }
  void print(std::uint64_t seeds) const {
    const auto number = [](std::uint64_t n) { return static_cast<unsigned long long>(n); };
    std::printf(
        "%llu seeds, up to %llu hosts: %llu bytes, %llu segments (%llu on the fast path); %llu "
        "frames lost, %llu doubled, %llu damaged, %llu reordered; %llu segments sent again, %llu "
        "timeouts, %llu recoveries, %llu loss probes, %llu window probes; %llu connections opened "
        "with text, %llu aborted, %llu refused\n",
        number(seeds), number(most_hosts), number(bytes), number(segments), number(fast),
        number(lost), number(duplicated), number(corrupted), number(reordered),
        number(retransmitted), number(timeouts), number(recoveries), number(probes),
        number(window_probes), number(fast_opens), number(aborted), number(refused));
  }
};

}  // namespace
}  // namespace arrakis::sim

int main(int argc, char** argv) {
  const auto seeds = arrakis::sim::parse_seeds(argc, argv);
  if (!seeds) {
    std::fprintf(stderr, "usage: tcp_sim [--seeds FIRST COUNT] [--must-fail]\n");
    return 2;
  }
  return arrakis::sim::run_seeds<arrakis::sim::TcpWorld, arrakis::sim::Totals>(*seeds, argv[0]);
}
