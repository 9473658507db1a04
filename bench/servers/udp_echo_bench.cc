// udp_echo_bench: the native (zero-copy) echo server, "arrakis-n" in figures.
//
// Four modes: `spinning` polls and never sleeps, `sleeping` sleeps on the doorbell as soon as
// there is nothing to do, `adaptive` is what libos does unless told: it spins for a while first.
// `layers` is `spinning` on a device and with a poll that count their instructions.
#include <arrakis/arrakis.h>

#include <algorithm>
#include <array>
#include <memory>
#include <span>

#include "bench/servers/measured_device.h"
#include "bench/servers/options.h"
#include "bench/servers/service.h"
#include "extaris/stack/stack.h"
#include "libos/runtime/queue_loop.h"

namespace arrakis::bench {
namespace {

enum class Mode : std::uint8_t { spinning, sleeping, adaptive, layers };

// What finds no room is lost; the generator counts it.
void send_ordered(extaris::Stack& stack, UdpSocket& socket, const Datagram& request) {
  const Order order = EchoService::order_in(request.payload());
  for (std::uint32_t i = 1; i <= order.count; ++i) {
    Datagram datagram = socket.allocate(request.payload().size());
    if (!datagram) break;
    std::ranges::copy(request.payload(), datagram.mutable_payload().begin());
    (void)socket.send(std::move(datagram), request.source());
    if (i % order.at_a_time == 0) stack.flush();
  }
}

void answer_all(extaris::Stack& stack, UdpSocket& socket, std::span<Datagram> datagrams,
                EchoService& service) {
  while (const std::size_t count = socket.receive(datagrams)) {
    for (Datagram& datagram : datagrams.first(count)) {
      const Answer answer = service.serve(datagram.payload());
      if (answer == Answer::none || answer == Answer::order) {
        if (answer == Answer::order) send_ordered(stack, socket, datagram);
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

// The queue's own device below a stack of ours: libos has no place for what counts.
Outcome<void> serve_in_layers(Vnic& vnic, std::uint16_t port, EchoService& service) {
  std::array<Datagram, 64> datagrams;
  Layers layers;
  runtime::QueueLoop loop{
      std::make_unique<MeasuredDevice>(vnic.queue().stack().device(), layers.driver),
      {.addresses = {vnic.addresses().begin(), vnic.addresses().end()}, .seed = 1}};
  auto socket = loop.stack().bind_udp({.address = {}, .port = port});
  if (!socket) return fail(Error::Code::conflict, "the UDP port is taken");
  service.split_by(layers);
  while (!stop_requested()) {
    layers.enter_poll();
    const std::size_t packets = loop.poll();
    layers.leave_poll();
    if (packets != 0) answer_all(loop.stack(), *socket, datagrams, service);
    service.polled(packets != 0);
  }
  return {};
}

int run(int argc, char** argv) {
  CLI::App cli{"UDP echo server on a VNIC of its own."};
  ServerOptions options;
  options.add_to(cli);
  std::string name;
  cli.add_option("--app", name, "application to be; default: $ARRAKIS_APP");
  Mode mode = Mode::spinning;
  cli.add_option("--mode", mode, "spinning, sleeping, adaptive or layers")
      ->transform(CLI::CheckedTransformer(std::map<std::string, Mode>{{"spinning", Mode::spinning},
                                                                      {"sleeping", Mode::sleeping},
                                                                      {"adaptive", Mode::adaptive},
                                                                      {"layers", Mode::layers}}));
  CLI11_PARSE(cli, argc, argv);

  if (const auto applied = options.apply(); !applied) return complain(applied.error());
  auto app = App::attach(name);
  if (!app) return complain(app.error());
  if (mode == Mode::layers) {
    if (!options.counts_instructions)
      return complain({Error::Code::usage, "layers are told apart by instructions",
                       "add --count-instructions"});
    EchoService service{options.work(), options.counts()};
    const auto served = serve_in_layers(app->vnic(), options.port, service);
    return served ? 0 : complain(served.error());
  }
  Queue& queue = app->vnic().queue();
  auto socket = queue.bind_udp(options.port);
  if (!socket) return complain({Error::Code::conflict, "the UDP port is taken", ""});
  EchoService service{options.work(), options.counts()};
  serve(queue, *socket, mode, service);
  service.print();
  return 0;
}

}  // namespace
}  // namespace arrakis::bench

int main(int argc, char** argv) { return arrakis::bench::run(argc, argv); }
