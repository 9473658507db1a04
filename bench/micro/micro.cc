// micro.cc: nanoseconds for 64 bytes in and out of a stack, on one core, with no wire: a burst is
// received, every datagram is taken from the socket and sent back; or, of TCP, every request is
// read, and a response of its own is written and sent.
//
// usage: micro [--quick] [--only TEXT] [--json FILE]
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
#include "bench/micro/syn_flood.h"
#include "bench/micro/tcp_clients.h"
#include "extaris/netdev/frame_echo.h"
#include "extaris/packet/eal.h"
#include "extaris/stack/stack.h"

namespace arrakis::bench {
namespace {

using extaris::Checksum;

struct Options {
  bool quick = false;
  std::string only;  // cases with this in "SYSTEM, NAME"; empty: all
  std::string json;
};

std::optional<Options> parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--quick") == 0)
      options.quick = true;
    else if (std::strcmp(argv[i], "--json") == 0 && i + 1 < argc)
      options.json = argv[++i];
    else if (std::strcmp(argv[i], "--only") == 0 && i + 1 < argc)
      options.only = argv[++i];
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

struct TcpCase {
  const char* name;
  std::size_t connections;
  Checksum checksum;
};

// Reads every request there is and answers it with bytes of its own.
void serve(extaris::Stack& stack, std::vector<extaris::TcpConnection>& connections) {
  std::array<extaris::TcpEvent, 2 * TcpClients::burst_packets> events;
  const std::size_t count = stack.tcp_events(events);
  for (std::size_t i = 0; i < count; ++i) {
    if ((events[i].what & extaris::TcpEvent::readable) == 0) continue;
    extaris::TcpConnection& connection = connections[events[i].id];
    const extaris::TcpBuffer request = connection.receive();
    if (!request) continue;
    extaris::TcpBuffer response = connection.allocate(payload_bytes);
    if (!response) return;
    std::memset(response.bytes().data(), static_cast<int>(request.bytes()[0]), payload_bytes);
    (void)connection.send(std::move(response));
  }
}

Summary measure_tcp(const Options& options, extaris::PacketPool& pool, const TcpCase& c) {
  TcpClients clients{
      pool,
      {.mac = server_mac, .receive_checksum = c.checksum, .transmit_checksum = c.checksum},
      c.connections};
  extaris::Stack stack{clients,
                       {.addresses = {{server_v4, 24}},
                        .routes = {{*IpPrefix::parse("10.64.0.0/10"), client_v4}},
                        .neighbors = {{client_v4, client_mac}},
                        .seed = 1,
                        .tcp = {.connections_max = c.connections}}};
  Instant now{};
  auto listener = stack.listen_tcp({{}, tcp_port});
  std::vector<extaris::TcpConnection> connections;
  connections.reserve(c.connections);
  while (connections.size() < c.connections) {
    now = now + Duration::microseconds(4);
    stack.poll(now);
    while (auto connection = listener->accept()) connections.push_back(std::move(*connection));
    serve(stack, connections);
  }
  // Identifiers are given in the order of opening, which is that of accepting.
  for (std::size_t i = 0; i < connections.size(); ++i)
    if (connections[i].id() != i) return {};
  (void)clients.take_answers();
  const std::size_t wanted = clients.requests_a_burst();
  return measure(options, wanted, [&] {
    now = now + Duration::microseconds(4);
    stack.poll(now);
    serve(stack, connections);
    stack.flush();
    return clients.take_answers() == wanted;
  });
}

// A SYN from nobody, answered by a cookie; and who is real gets in all the same.
Summary measure_flood(const Options& options, extaris::PacketPool& pool) {
  SynFlood flood{pool};
  extaris::Stack stack{flood,
                       {.addresses = {{server_v4, 24}},
                        .routes = {{*IpPrefix::parse("10.64.0.0/10"), client_v4}},
                        .neighbors = {{client_v4, client_mac}},
                        .seed = 1,
                        .tcp = {.connections_max = 4096}}};
  auto listener = stack.listen_tcp({{}, tcp_port});
  Instant now{};
  std::size_t accepted = 0;
  const Summary result = measure(options, SynFlood::burst_packets, [&] {
    now = now + Duration::microseconds(32);
    stack.poll(now);
    while (auto client = listener->accept()) {
      client->abort();
      ++accepted;
    }
    stack.flush();
    return true;
  });
  // The first come before the flood has shown, and the last one is on its way.
  const bool all_got_in = accepted + 2 >= flood.clients();
  if (!all_got_in) std::printf("%zu of %zu real clients got in\n", accepted, flood.clients());
  return all_got_in ? result : Summary{};
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
  if (!extaris::start_eal({.memory_mib = 128})) return EXIT_FAILURE;
  auto pool = extaris::PacketPool::create({.packets = 256});
  // Each connection has one response that is not acknowledged; above it is plenty (tcp/memory.h).
  auto tcp_pool = extaris::PacketPool::create({.packets = 16'384});
  if (!pool || !tcp_pool) return EXIT_FAILURE;
  constexpr Case cases[] = {
      {"UDP echo 64 B, IPv4, no checksums", true, Checksum::unneeded},
      {"UDP echo 64 B, IPv4, checksums", true, Checksum::software},
      {"UDP echo 64 B, IPv6, no checksums", false, Checksum::unneeded},
      {"UDP echo 64 B, IPv6, checksums", false, Checksum::software},
  };
  constexpr TcpCase tcp_cases[] = {
      {"TCP request/response 64 B, 1 connection, no checksums", 1, Checksum::unneeded},
      {"TCP request/response 64 B, 1 connection, checksums", 1, Checksum::software},
      {"TCP request/response 64 B, 32 connections, no checksums", 32, Checksum::unneeded},
      {"TCP request/response 64 B, 10,000 connections, no checksums", 10'000, Checksum::unneeded},
      {"TCP request/response 64 B, 10,000 connections, checksums", 10'000, Checksum::software},
  };
  std::vector<Row> rows;
  bool complete = true;
  const auto add = [&](const char* system, const char* name, auto&& measured) {
    if ((std::string{system} + ", " + name).find(options.only) == std::string::npos) return;
    const Summary summary = measured();
    complete = complete && summary.runs > 0;
    std::printf("%-10s %-60s %6.1f ns  [%.1f..%.1f]\n", system, name, summary.median, summary.min,
                summary.max);
    rows.push_back({"micro", system, "none", name, "ns", "ns", summary});
  };
  for (const Case& c : cases)
    add("arrakis-n", c.name, [&] { return measure_arrakis(options, *pool, c); });
  for (const TcpCase& c : tcp_cases)
    add("arrakis-n", c.name, [&] { return measure_tcp(options, *tcp_pool, c); });
  add("arrakis-n", "TCP forged SYN", [&] { return measure_flood(options, *tcp_pool); });
  add("lwip", "UDP echo 64 B, IPv4, checksums", [&] { return measure_lwip(options); });
  add("driver", "UDP echo 64 B, IPv4, no checksums",
      [&] { return measure_driver(options, *pool); });
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
    std::fprintf(stderr, "usage: micro [--quick] [--only TEXT] [--json FILE]\n");
    return 2;
  }
  return arrakis::bench::run(*options);
}
