// An echo on every queue of its VNIC, a thread and a scheduler each; says which queue a client is
// at.
#include <arrakis/arrakis.h>

#include <cstdio>
#include <thread>
#include <utility>
#include <vector>

namespace {

arrakis::Task<> echo(arrakis::TcpStream client, std::size_t index) {
  std::printf("client at queue %zu\n", index);
  std::fflush(stdout);
  while (arrakis::TcpBuffer text = co_await client.receive())
    if (!co_await client.send(std::move(text))) break;
}

void serve(arrakis::Queue& queue, std::size_t index) {
  const arrakis::PollingThread here;
  arrakis::Scheduler scheduler{queue};
  auto acceptor = scheduler.listen_tcp(7);
  if (!acceptor) return;
  // Over xdp nobody says where the answers would come in.
  const auto refused = queue.connect_tcp(*arrakis::Endpoint::parse("10.20.0.1:7"));
  if (refused || refused.error() != arrakis::ConnectError::other_queue) return;
  std::printf("listening at queue %zu\n", index);
  std::fflush(stdout);
  scheduler.serve(std::move(*acceptor),
                  [index](arrakis::TcpStream client) { return echo(std::move(client), index); });
  scheduler.run();
}

}  // namespace

int main() {
  auto app = arrakis::App::attach();
  if (!app) return arrakis::report(app.error());
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < app->vnic().queues().size(); ++i)
    threads.emplace_back([&app, i] { serve(app->vnic().queue(i), i); });
}
