// udp_echo.cc: answers every datagram with itself, in the very buffer that it came in.
//
//   arrakisctl assign-vf --app udp_echo --address 10.20.0.2/24
//   arrakisctl run --app udp_echo -- udp_echo [PORT]
#include <arrakis/arrakis.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <utility>

int main(int argc, char** argv) {
  const int port = argc > 1 ? std::atoi(argv[1]) : 7;
  if (port < 1 || port > 65'535) {
    std::fprintf(stderr, "usage: udp_echo [PORT]\n");
    return 2;
  }

  auto app = arrakis::App::attach();
  if (!app) return arrakis::report(app.error());

  arrakis::Vnic& vnic = app->vnic();
  arrakis::Queue& queue = vnic.queue();
  auto socket = queue.bind_udp(static_cast<std::uint16_t>(port));
  if (!socket) return arrakis::report(socket.error());

  for (const arrakis::IpPrefix& prefix : vnic.addresses())
    std::printf("listening on %s\n",
                arrakis::Endpoint{prefix.address, socket->local().port}.to_string().c_str());
  std::fflush(stdout);

  // SIGTERM ends it, and all that it held goes back by itself.
  std::array<arrakis::Datagram, 64> batch;
  for (;;) {
    queue.wait();
    while (const std::size_t count = socket->receive(batch))
      for (arrakis::Datagram& datagram : std::span{batch}.first(count))
        (void)socket->reply(std::move(datagram));  // lost if it cannot be sent, as UDP may
  }
}
