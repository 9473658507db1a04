// tcp_echo_events.cc: sends back what it hears, in the very buffers that it came in; the same as
// tcp_echo.cc, with events in place of coroutines.
//
//   arrakisctl assign-vf --app tcp_echo --address 10.20.0.2/24
//   arrakisctl run --app tcp_echo -- tcp_echo_events [PORT]
#include <arrakis/arrakis.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <utility>
#include <vector>

namespace {

struct Client {
  arrakis::TcpConnection connection;
  arrakis::TcpBuffer refused;  // by send(): while there is one, nothing more is received

  // False: it is over.
  bool serve() {
    for (;;) {
      if (!refused) refused = connection.receive();
      if (!refused) return !connection.at_end();
      const auto sent = connection.send(std::move(refused));
      if (!sent) return sent.error() == arrakis::TcpSendError::would_block;
    }
  }
};

}  // namespace

int main(int argc, char** argv) {
  const int port = argc > 1 ? std::atoi(argv[1]) : 7;
  if (port < 1 || port > 65'535) {
    std::fprintf(stderr, "usage: tcp_echo_events [PORT]\n");
    return 2;
  }

  auto app = arrakis::App::attach();
  if (!app) return arrakis::report(app.error());
  arrakis::Vnic& vnic = app->vnic();
  arrakis::Queue& queue = vnic.queue();
  auto listener = queue.listen_tcp(static_cast<std::uint16_t>(port));
  if (!listener) return arrakis::report(listener.error());
  for (const arrakis::IpPrefix& prefix : vnic.addresses())
    std::printf("listening on %s\n",
                arrakis::Endpoint{prefix.address, listener->local().port}.to_string().c_str());
  std::fflush(stdout);

  std::vector<std::optional<Client>> clients;  // by the id of their connection
  std::array<arrakis::TcpEvent, 64> room;
  for (;;) {
    queue.wait();
    for (auto events = queue.tcp_events(room); !events.empty(); events = queue.tcp_events(room))
      for (const arrakis::TcpEvent& event : events) {
        if ((event.what & arrakis::TcpEvent::acceptable) != 0) {
          while (auto connection = listener->accept()) {
            const std::size_t id = connection->id();
            if (id >= clients.size()) clients.resize(id + 1);
            clients[id].emplace(std::move(*connection), arrakis::TcpBuffer{});
          }
        } else if (event.id < clients.size() && clients[event.id] && !clients[event.id]->serve()) {
          clients[event.id].reset();
        }
      }
  }
}
