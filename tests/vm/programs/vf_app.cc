// vf_app: an application on all queue pairs of its VNIC: answers on each, and prints which of them
// heard anything ("queue 0") and what the control plane tells it ("link_down vf0"). It does not end
// by itself.
//
// usage: vf_app        as $ARRAKIS_APP
#include <arrakis/arrakis.h>

#include <cstdio>
#include <utility>
#include <vector>

namespace arrakis::vm {
namespace {

constexpr std::uint16_t echo_port = 7;  // RFC 862

const char* name_of(VnicEvent::Kind kind) {
  switch (kind) {
    case VnicEvent::Kind::link_down: return "link_down";
    case VnicEvent::Kind::link_up: return "link_up";
    case VnicEvent::Kind::revoked: return "revoked";
    case VnicEvent::Kind::rate_changed: return "rate_changed";
    case VnicEvent::Kind::filters_changed: return "filters_changed";
  }
  return "unknown";
}

int run() {
  auto app = App::attach();
  if (!app) return report(app.error());
  std::vector<UdpSocket> sockets;
  std::vector<bool> heard(app->vnic().queues().size());
  for (Queue& queue : app->vnic().queues()) {
    auto socket = queue.bind_udp(echo_port);
    if (!socket) return report(socket.error());
    sockets.push_back(std::move(*socket));
  }
  std::printf("listening on %zu queues\n", sockets.size());
  std::fflush(stdout);
  for (;;) {
    for (std::size_t i = 0; i < sockets.size(); ++i) {
      if (app->vnic().queue(i).wait(Duration::milliseconds(5)) != 0 && !heard[i]) {
        heard[i] = true;
        std::printf("queue %zu\n", i);
        std::fflush(stdout);
      }
      while (Datagram datagram = sockets[i].receive())
        (void)sockets[i].reply(std::move(datagram));  // lost if it cannot be sent, as UDP may
    }
    while (const auto event = app->take_event()) {
      std::printf("%s %s\n", name_of(event->kind), event->vnic.c_str());
      std::fflush(stdout);
    }
  }
}

}  // namespace
}  // namespace arrakis::vm

int main() { return arrakis::vm::run(); }
