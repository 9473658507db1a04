// tcp_echo_bench: the native (zero-copy) TCP echo server, "arrakis-n" in figures: the events of a
// queue, and no coroutines above them.
//
// Three modes: `spinning` polls and never sleeps, `sleeping` sleeps on the doorbell as soon as
// there is nothing to do, `adaptive` is what libos does unless told: it spins for a while first.
#include <arrakis/arrakis.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <vector>

#include "bench/lib/messages.h"
#include "bench/servers/options.h"
#include "bench/servers/service.h"

namespace arrakis::bench {
namespace {

enum class Mode : std::uint8_t { spinning, sleeping, adaptive };

class Server {
 public:
  Server(Queue& queue, EchoService& service, const TcpSettings& settings)
      : queue_{queue}, service_{service}, settings_{settings} {}

  bool listen(std::uint16_t port) {
    auto listener = queue_.listen_tcp(port, {.backlog = 4096, .settings = settings_});
    if (listener) listeners_.push_back(std::move(*listener));
    return listener.has_value();
  }

  void look() {
    std::array<TcpEvent, 64> room;
    for (auto events = queue_.tcp_events(room); !events.empty(); events = queue_.tcp_events(room))
      for (const TcpEvent& event : events) take(event);
  }

 private:
  void take(const TcpEvent& event) {
    if ((event.what & TcpEvent::acceptable) != 0) return accept_all(event.id);
    if (event.id >= clients_.size() || !clients_[event.id]) return;
    std::optional<TcpConnection>& client = clients_[event.id];
    while (TcpBuffer text = client->receive()) {
      for_each_message(text.bytes(), [&](std::span<std::byte> message) {
        if (service_.serve(message) == Answer::counters) service_.answer(message);
      });
      // A generator has one request a connection outstanding: the send buffer has room for it.
      if (!client->send(std::move(text))) return client.reset();
    }
    if (client->at_end()) client.reset();
  }
  void accept_all(std::uint32_t id_of_listener) {
    const auto listener = std::ranges::find(listeners_, id_of_listener, &TcpListener::id);
    while (auto client = listener->accept()) {
      const std::size_t id = client->id();
      if (id >= clients_.size()) clients_.resize(id + 1);
      clients_[id] = std::move(client);
    }
  }

  Queue& queue_;
  std::vector<TcpListener> listeners_;
  EchoService& service_;
  TcpSettings settings_;
  std::vector<std::optional<TcpConnection>> clients_;  // by the id of their connection
};

int run(int argc, char** argv) {
  CLI::App cli{"TCP echo server on a VNIC of its own."};
  ServerOptions options;
  options.add_to(cli);
  std::string name;
  cli.add_option("--app", name, "application to be; default: $ARRAKIS_APP");
  App::Options limits;
  cli.add_option("--connections", limits.connections, "as many at most")->capture_default_str();
  cli.add_option("--packets", limits.packets, "buffers of the queue")->capture_default_str();
  std::uint16_t ports = 1;
  cli.add_option("--ports", ports, "listen on so many, from --port on")->capture_default_str();
  unsigned keepalive_s = 0;
  cli.add_option("--keepalive-s", keepalive_s, "ask after whom is silent for so long; 0: never");
  Mode mode = Mode::spinning;
  cli.add_option("--mode", mode, "spinning, sleeping or adaptive")
      ->transform(
          CLI::CheckedTransformer(std::map<std::string, Mode>{{"spinning", Mode::spinning},
                                                              {"sleeping", Mode::sleeping},
                                                              {"adaptive", Mode::adaptive}}));
  CLI11_PARSE(cli, argc, argv);

  if (const auto applied = options.apply(); !applied) return complain(applied.error());
  auto app = App::attach(name, limits);
  if (!app) return complain(app.error());
  Queue& queue = app->vnic().queue();
  EchoService service{options.work()};
  TcpSettings settings;
  if (keepalive_s != 0) settings.keepalive = TcpKeepalive{.idle = Duration::seconds(keepalive_s)};
  Server server{queue, service, settings};
  for (std::uint16_t i = 0; i < ports; ++i)
    if (!server.listen(static_cast<std::uint16_t>(options.port + i)))
      return complain({Error::Code::conflict, "a TCP port is taken", ""});
  if (mode == Mode::sleeping) queue.set_spin({});
  while (!stop_requested()) {
    const std::size_t packets =
        mode == Mode::spinning ? queue.poll() : queue.wait(Duration::milliseconds(200));
    server.look();
    if (mode == Mode::spinning) service.polled(packets != 0);
  }
  service.print();
  return 0;
}

}  // namespace
}  // namespace arrakis::bench

int main(int argc, char** argv) { return arrakis::bench::run(argc, argv); }
