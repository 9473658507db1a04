// udp_micro.cc: nanoseconds for a 64-byte UDP datagram in and out of a stack, on one core, with no
// wire: a burst is received, every datagram is taken from the socket and sent back.
//
// usage: udp_micro [--quick] [--json FILE]
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bench/lib/results.h"
#include "bench/lib/statistics.h"
#include "bench/micro/cycling_device.h"
#include "bench/micro/frames.h"
#include "bench/micro/lwip_echo.h"
#include "extaris/netdev/frame_echo.h"
#include "extaris/packet/eal.h"
#include "extaris/stack/stack.h"

namespace arrakis::bench {
namespace {

using extaris::Checksum;

struct Options {
  bool quick = false;
  std::string json;
};

std::optional<Options> parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--quick") == 0)
      options.quick = true;
    else if (std::strcmp(argv[i], "--json") == 0 && i + 1 < argc)
      options.json = argv[++i];
    else
      return std::nullopt;
  }
  return options;
}

// Nothing sleeps here, so this is the clock, less what others took of the core.
Duration thread_time() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return Duration::seconds(now.tv_sec) + Duration{now.tv_nsec};
}

// Calls `round`, which handles `packets` packets, for a while, some times over.
Summary measure(const Options& options, std::size_t packets, const std::function<bool()>& round) {
  constexpr int rounds_a_look = 1'000;
  const Duration length = Duration::milliseconds(options.quick ? 50 : 300);
  std::vector<double> runs;
  for (int run = 0; run < 8; ++run) {
    std::uint64_t rounds = 0;
    const Duration start = thread_time();
    Duration took{};
    for (; took < length; took = thread_time() - start, rounds += rounds_a_look)
      for (int i = 0; i < rounds_a_look; ++i)
        if (!round()) return {};
    if (run > 0)  // the first one warms up
      runs.push_back(static_cast<double>(took.ns) / static_cast<double>(rounds * packets));
  }
  return summarize(runs);
}

struct Case {
  const char* name;
  bool is_v4;
  Checksum checksum;
};

Summary measure_arrakis(const Options& options, extaris::PacketPool& pool, const Case& c) {
  CyclingDevice device{
      pool,
      {.mac = server_mac, .receive_checksum = c.checksum, .transmit_checksum = c.checksum},
      request_frame(c.is_v4)};
  extaris::Stack stack{device,
                       {.addresses = {{server_v4, 24}, {server_v6, 64}},
                        .routes = {},
                        .neighbors = {{client_v4, client_mac}, {client_v6, client_mac}},
                        .seed = 1}};
  auto socket = stack.bind_udp({{}, server_port});
  std::array<extaris::Datagram, CyclingDevice::burst_packets> batch;
  Instant now{};
  return measure(options, batch.size(), [&] {
    now = now + Duration::microseconds(1);
    stack.poll(now);
    const std::size_t count = socket->receive(batch);
    for (std::size_t i = 0; i < count; ++i) (void)socket->reply(std::move(batch[i]));
    stack.flush();
    return count == batch.size();
  });
}

// What of it is the device's own.
Summary measure_driver(const Options& options, extaris::PacketPool& pool) {
  CyclingDevice device{pool, {.mac = server_mac}, request_frame(true)};
  return measure(options, CyclingDevice::burst_packets,
                 [&] { return extaris::echo_burst(device) == CyclingDevice::burst_packets; });
}

Summary measure_lwip(const Options& options) {
  LwipEcho lwip{request_frame(true)};
  return measure(options, CyclingDevice::burst_packets, [&] {
    for (std::size_t i = 0; i < CyclingDevice::burst_packets; ++i)
      if (!lwip.echo_one()) return false;
    return true;
  });
}

int run(const Options& options) {
  if (!extaris::start_eal()) return EXIT_FAILURE;
  auto pool = extaris::PacketPool::create({.packets = 256});
  if (!pool) return EXIT_FAILURE;
  constexpr Case cases[] = {
      {"UDP echo 64 B, IPv4, no checksums", true, Checksum::unneeded},
      {"UDP echo 64 B, IPv4, checksums", true, Checksum::software},
      {"UDP echo 64 B, IPv6, no checksums", false, Checksum::unneeded},
      {"UDP echo 64 B, IPv6, checksums", false, Checksum::software},
  };
  std::vector<Row> rows;
  bool complete = true;
  const auto add = [&](const char* system, const char* name, const Summary& summary) {
    complete = complete && summary.runs > 0;
    std::printf("%-10s %-36s %6.1f ns  [%.1f..%.1f]\n", system, name, summary.median, summary.min,
                summary.max);
    rows.push_back({"micro", system, "none", name, "ns", "ns", summary});
  };
  for (const Case& c : cases) add("arrakis-n", c.name, measure_arrakis(options, *pool, c));
  add("lwip", "UDP echo 64 B, IPv4, checksums", measure_lwip(options));
  add("driver", "UDP echo 64 B, IPv4, no checksums", measure_driver(options, *pool));
  if (!options.json.empty())
    if (const auto written = write_json(rows, options.json); !written) {
      std::fprintf(stderr, "error: %s\n", written.error().message.c_str());
      return EXIT_FAILURE;
    }
  return complete ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace arrakis::bench

int main(int argc, char** argv) {
  const auto options = arrakis::bench::parse(argc, argv);
  if (!options) {
    std::fprintf(stderr, "usage: udp_micro [--quick] [--json FILE]\n");
    return 2;
  }
  return arrakis::bench::run(*options);
}
