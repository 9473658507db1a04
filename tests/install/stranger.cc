// A program that knows of Arrakis what the installed headers say, and nothing of this tree.
#include <arrakis/arrakis.h>

#include <cstdio>

int main() {
  auto app = arrakis::App::attach("stranger");
  if (!app) return arrakis::report(app.error());
  arrakis::Queue& queue = app->vnic().queue();
  auto socket = queue.bind_udp(7);
  if (!socket) return arrakis::report(socket.error());
  const auto listener = queue.listen_tcp(80, {.backlog = 1});
  if (!listener) return arrakis::report(listener.error());
  arrakis::Scheduler scheduler{queue};
  scheduler.run_once(arrakis::Duration::milliseconds(1));
  std::printf("%s drives %s by %s, %llu packets so far\n", app->name().c_str(),
              app->vnic().name().c_str(), app->vnic().provider().c_str(),
              static_cast<unsigned long long>(queue.counters().received_packets));
}
