// serve_tcp.h: the whole main of a server with one port and one queue; tcp_echo.cc shows the steps.
//
//   int main() { return arrakis::serve_tcp(7, echo); }
#pragma once

#include <cstdint>
#include <cstdio>
#include <utility>

#include "arrakis/app.h"
#include "arrakis/error.h"
#include "arrakis/scheduler.h"

namespace arrakis {

// Becomes the application that the environment names (app.h), listens on `port` of its first VNIC,
// and runs handler(TcpStream), a Task<>, for each who connects; returns when it cannot.
template <class Handler>
int serve_tcp(std::uint16_t port, Handler handler) {
  auto app = App::attach();
  if (!app) return report(app.error());
  Vnic& vnic = app->vnic();
  Scheduler scheduler{vnic.queue()};
  auto acceptor = scheduler.listen_tcp(port);
  if (!acceptor) return report(acceptor.error());
  for (const IpPrefix& prefix : vnic.addresses())
    std::printf("listening on %s\n",
                Endpoint{prefix.address, acceptor->local().port}.to_string().c_str());
  std::fflush(stdout);
  scheduler.serve(std::move(*acceptor), std::move(handler));
  scheduler.run();
  return 0;
}

}  // namespace arrakis
