// tcp_echo.cc: sends back what it hears, in the very buffers that it came in.
//
//   arrakisctl assign-vf --app tcp_echo --address 10.20.0.2/24
//   arrakisctl run --app tcp_echo -- tcp_echo [PORT]
#include <arrakis/arrakis.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace {

arrakis::Task<> serve(arrakis::TcpStream client) {
  while (arrakis::TcpBuffer text = co_await client.receive())
    if (!co_await client.send(std::move(text))) break;
}

}  // namespace

int main(int argc, char** argv) {
  const int port = argc > 1 ? std::atoi(argv[1]) : 7;
  if (port < 1 || port > 65'535) {
    std::fprintf(stderr, "usage: tcp_echo [PORT]\n");
    return 2;
  }

  auto app = arrakis::App::attach();
  if (!app) return arrakis::report(app.error());
  arrakis::Scheduler scheduler{app->vnic().queue()};
  auto acceptor = scheduler.listen_tcp(static_cast<std::uint16_t>(port));
  if (!acceptor) return arrakis::report(acceptor.error());

  for (const arrakis::IpPrefix& prefix : app->vnic().addresses())
    std::printf("listening on %s\n",
                arrakis::Endpoint{prefix.address, acceptor->local().port}.to_string().c_str());
  std::fflush(stdout);

  scheduler.serve(std::move(*acceptor), serve);
  scheduler.run();  // SIGTERM ends it, and all that it held goes back by itself
}
