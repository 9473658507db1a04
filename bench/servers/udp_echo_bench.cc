// udp_echo_bench: the native (zero-copy) echo server, "arrakis-n" in figures.
//
// Four modes: `spinning` polls and never sleeps, `sleeping` sleeps on the doorbell as soon as
// there is nothing to do, `adaptive` is what libos does unless told: it spins for a while first.
// `stack` polls the stack with nothing of libos above it, "stack" in figures.
#include <arrakis/arrakis.h>

#include <array>
#include <span>

#include "bench/servers/options.h"
#include "bench/servers/service.h"
#include "extaris/stack/stack.h"

namespace arrakis::bench {
namespace {

enum class Mode : std::uint8_t { spinning, sleeping, adaptive, stack };

void answer_all(extaris::Stack& stack, UdpSocket& socket, std::span<Datagram> datagrams,
                EchoService& service) {
  while (const std::size_t count = socket.receive(datagrams)) {
    for (Datagram& datagram : datagrams.first(count)) {
      const Answer answer = service.serve(datagram.payload());
      if (answer == Answer::none) {
        datagram = {};
        continue;
      }
      if (answer == Answer::counters) service.answer(datagram.mutable_payload());
      // A full transmit queue loses the answer, as the wire may; the generator counts it.
      (void)socket.reply(std::move(datagram));
      if (service.worked_long()) stack.flush();
    }
    if (count < datagrams.size()) break;
  }
  stack.flush();
}

void serve(Queue& queue, UdpSocket& socket, Mode mode, EchoService& service) {
  std::array<Datagram, 64> datagrams;
  if (mode != Mode::adaptive) queue.set_spin({});
  while (!stop_requested()) {
    const std::size_t packets =
        mode == Mode::spinning ? queue.poll() : queue.wait(Duration::milliseconds(200));
    if (packets != 0) answer_all(queue.stack(), socket, datagrams, service);
    if (mode == Mode::spinning) service.polled(packets != 0);
  }
}

void serve_on_stack(extaris::Stack& stack, UdpSocket& socket, EchoService& service) {
  constexpr unsigned turns_a_look = 1024;  // at the clock, for the stack's timers
  std::array<Datagram, 64> datagrams;
  Instant time = now();
  for (unsigned turn = 0; !stop_requested(); ++turn) {
    if (turn % turns_a_look == 0) time = now();
    const std::size_t packets = stack.poll(time);
    if (packets != 0) answer_all(stack, socket, datagrams, service);
    service.polled(packets != 0);
  }
}

int run(int argc, char** argv) {
  CLI::App cli{"UDP echo server on a VNIC of its own."};
  ServerOptions options;
  options.add_to(cli);
  std::string name;
  cli.add_option("--app", name, "application to be; default: $ARRAKIS_APP");
  Mode mode = Mode::spinning;
  cli.add_option("--mode", mode, "spinning, sleeping, adaptive or stack")
      ->transform(CLI::CheckedTransformer(std::map<std::string, Mode>{{"spinning", Mode::spinning},
                                                                      {"sleeping", Mode::sleeping},
                                                                      {"adaptive", Mode::adaptive},
                                                                      {"stack", Mode::stack}}));
  CLI11_PARSE(cli, argc, argv);

  if (const auto applied = options.apply(); !applied) return complain(applied.error());
  auto app = App::attach(name);
  if (!app) return complain(app.error());
  Queue& queue = app->vnic().queue();
  auto socket = queue.bind_udp(options.port);
  if (!socket) return complain({Error::Code::conflict, "the UDP port is taken", ""});
  EchoService service{options.work(), !options.counts_idle};
  if (mode == Mode::stack)
    serve_on_stack(queue.stack(), *socket, service);
  else
    serve(queue, *socket, mode, service);
  service.print();
  return 0;
}

}  // namespace
}  // namespace arrakis::bench

int main(int argc, char** argv) { return arrakis::bench::run(argc, argv); }
