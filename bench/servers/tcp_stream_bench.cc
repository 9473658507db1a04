// tcp_stream_bench: a byte stream over a VNIC, as fast as it goes, as server or as client. What is
// received is looked at nowhere, what is sent is written nowhere: both are the application's.
#include <arrakis/arrakis.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "bench/servers/stream.h"
#include "extaris/stack/stack.h"

namespace arrakis::bench {
namespace {

// How many segments are put in line in one turn, so that acknowledgments are heard in between.
constexpr int segments_a_turn = 64;

// How many bytes were given to the connection.
std::uint64_t fill(TcpConnection& connection) {
  std::uint64_t bytes = 0;
  for (int i = 0; i < segments_a_turn; ++i) {
    TcpBuffer text = connection.allocate(connection.segment_bytes());
    if (!text) break;
    const std::size_t count = text.bytes().size();
    if (!connection.send(std::move(text))) break;
    bytes += count;
  }
  return bytes;
}

std::uint64_t drain(TcpConnection& connection) {
  std::uint64_t bytes = 0;
  while (const TcpBuffer text = connection.receive()) bytes += text.bytes().size();
  return bytes;
}

class Server {
 public:
  Server(Queue& queue, TcpListener& discard, TcpListener& chargen)
      : queue_{queue}, discard_{discard}, chargen_{chargen} {}

  void turn() {
    queue_.poll();
    std::array<TcpEvent, 64> room;
    while (!queue_.tcp_events(room).empty()) {
    }
    while (auto client = discard_.accept()) sources_.push_back(std::move(*client));
    while (auto client = chargen_.accept()) sinks_.push_back(std::move(*client));
    for (TcpConnection& from : sources_) (void)drain(from);
    for (TcpConnection& to : sinks_) (void)fill(to);
    const auto is_over = [](const TcpConnection& c) { return c.at_end(); };
    std::erase_if(sources_, is_over);
    std::erase_if(sinks_, is_over);
    queue_.stack().flush();
  }

 private:
  Queue& queue_;
  TcpListener& discard_;
  TcpListener& chargen_;
  std::vector<TcpConnection> sources_, sinks_;
};

int serve(Queue& queue) {
  auto discard = queue.listen_tcp(discard_port);
  auto chargen = queue.listen_tcp(chargen_port);
  if (!discard || !chargen) return complain({Error::Code::conflict, "a TCP port is taken", ""});
  Server server{queue, *discard, *chargen};
  while (!stop_requested()) server.turn();
  return 0;
}

// The server may still start: a refusal is tried again.
std::optional<TcpConnection> connect(Queue& queue, const Endpoint& server) {
  const Instant give_up = now() + Duration::seconds(10);
  while (now() < give_up && !stop_requested()) {
    auto connection = queue.connect_tcp(server);
    while (connection && !connection->is_open() && !connection->has_ended() && now() < give_up)
      queue.poll();
    if (connection && connection->is_open()) return std::move(*connection);
    queue.poll();
  }
  return std::nullopt;
}

int measure(Queue& queue, const StreamOptions& options) {
  const auto server = options.endpoint();
  if (!server) return complain({Error::Code::usage, "--server is no address", ""});
  auto connection = connect(queue, *server);
  if (!connection) return complain({Error::Code::unavailable, "no connection", ""});
  StreamMeter meter{options};
  std::array<TcpEvent, 64> room;
  std::uint64_t bytes = 0, given = 0;
  while (meter.look(bytes)) {
    queue.poll();
    while (!queue.tcp_events(room).empty()) {
    }
    if (options.sends) {
      given += fill(*connection);
      const auto info = connection->info();
      bytes = given - info.unsent_bytes - info.unacknowledged_bytes;
    } else {
      bytes += drain(*connection);
    }
    queue.stack().flush();
    if (connection->has_ended()) return complain({Error::Code::unavailable, "it ended", ""});
  }
  meter.print();
  connection->abort();
  queue.poll();
  return 0;
}

int run(int argc, char** argv) {
  CLI::App cli{"A TCP stream on a VNIC of its own."};
  StreamOptions options;
  options.add_to(cli);
  std::string name;
  cli.add_option("--app", name, "application to be; default: $ARRAKIS_APP");
  CLI11_PARSE(cli, argc, argv);
  if (const auto applied = options.apply(); !applied) return complain(applied.error());
  auto app = App::attach(name);
  if (!app) return complain(app.error());
  Queue& queue = app->vnic().queue();
  return options.server.empty() ? serve(queue) : measure(queue, options);
}

}  // namespace
}  // namespace arrakis::bench

int main(int argc, char** argv) { return arrakis::bench::run(argc, argv); }
