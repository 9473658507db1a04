// udp_echo_bench: the native (zero-copy) echo server, "arrakis-n" in figures.
//
// Three modes: `spinning` polls and never sleeps, `sleeping` sleeps on the doorbell as soon as
// there is nothing to do, `adaptive` is what libos does unless told: it spins for a while first.
#include <arrakis/arrakis.h>

#include <array>
#include <span>

#include "bench/servers/options.h"
#include "bench/servers/service.h"
#include "extaris/stack/stack.h"

namespace arrakis::bench {
namespace {

enum class Mode : std::uint8_t { spinning, sleeping, adaptive };

void answer_all(Queue& queue, UdpSocket& socket, std::span<Datagram> datagrams,
                EchoService& service) {
  while (const std::size_t count = socket.receive(datagrams)) {
    for (Datagram& datagram : datagrams.first(count)) {
      if (service.serve(datagram.payload())) service.answer(datagram.mutable_payload());
      // A full transmit queue loses the answer, as the wire may; the generator counts it.
      (void)socket.reply(std::move(datagram));
      if (service.worked_long()) queue.stack().flush();
    }
    if (count < datagrams.size()) break;
  }
  queue.stack().flush();
}

void serve(Queue& queue, UdpSocket& socket, Mode mode, EchoService& service) {
  std::array<Datagram, 64> datagrams;
  if (mode != Mode::adaptive) queue.set_spin({});
  while (!stop_requested()) {
    const std::size_t packets =
        mode == Mode::spinning ? queue.poll() : queue.wait(Duration::milliseconds(200));
    if (packets != 0) answer_all(queue, socket, datagrams, service);
    if (mode == Mode::spinning) service.polled(packets != 0);
  }
}

int run(int argc, char** argv) {
  CLI::App cli{"UDP echo server on a VNIC of its own."};
  ServerOptions options;
  options.add_to(cli);
  std::string name;
  cli.add_option("--app", name, "application to be; default: $ARRAKIS_APP");
  Mode mode = Mode::spinning;
  cli.add_option("--mode", mode, "spinning, sleeping or adaptive")
      ->transform(
          CLI::CheckedTransformer(std::map<std::string, Mode>{{"spinning", Mode::spinning},
                                                              {"sleeping", Mode::sleeping},
                                                              {"adaptive", Mode::adaptive}}));
  CLI11_PARSE(cli, argc, argv);

  if (const auto applied = options.apply(); !applied) return complain(applied.error());
  auto app = App::attach(name);
  if (!app) return complain(app.error());
  Queue& queue = app->vnic().queue();
  auto socket = queue.bind_udp(options.port);
  if (!socket) return complain({Error::Code::conflict, "the UDP port is taken", ""});
  EchoService service{options.work()};
  serve(queue, *socket, mode, service);
  service.print();
  return 0;
}

}  // namespace
}  // namespace arrakis::bench

int main(int argc, char** argv) { return arrakis::bench::run(argc, argv); }
