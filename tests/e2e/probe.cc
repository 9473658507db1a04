// A program of the public API alone that asks what the tests must know of an application's inside.
//
//   probe search COUNT WORD   receives COUNT datagrams on port 7 and keeps them, takes every other
//                             buffer there is, and says how many of them hold WORD anywhere
//   probe ping COUNT TARGET   sends COUNT datagrams to TARGET and counts the answers
#include <arrakis/arrakis.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

namespace {

using arrakis::Datagram;
using arrakis::Duration;

int search(arrakis::Queue& queue, arrakis::UdpSocket& socket, std::size_t count,
           std::string_view word) {
  std::vector<Datagram> held;
  while (held.size() < count) {
    queue.wait();
    while (Datagram datagram = socket.receive()) held.push_back(std::move(datagram));
  }
  while (Datagram datagram = socket.allocate(0)) held.push_back(std::move(datagram));
  const auto bytes = std::as_bytes(std::span{word});
  const auto holds_word = [bytes](Datagram& datagram) {
    datagram.resize(datagram.capacity());  // what it held before shows
    return !std::ranges::search(datagram.payload(), bytes).empty();
  };
  std::printf("%td of %zu buffers\n", std::ranges::count_if(held, holds_word), held.size());
  return EXIT_SUCCESS;
}

// Up to 32 outstanding. What got no answer for a second is sent again: UDP may lose, and the peer
// may not be there yet.
int ping(arrakis::Queue& queue, arrakis::UdpSocket& socket, const arrakis::Endpoint& target,
         long count) {
  const auto text = std::as_bytes(std::span{std::string_view{"melange"}});
  queue.set_spin(Duration::max());  // never waits for its own wake-up: the peer is kept busy
  long answered = 0;
  for (long outstanding = 0, silences = 0; answered < count && silences < 30;) {
    while (outstanding < 32 && answered + outstanding < count && socket.send(text, target))
      ++outstanding;
    if (queue.wait(Duration::seconds(1)) == 0) {
      outstanding = 0;
      ++silences;
    }
    for (; socket.receive(); ++answered) outstanding -= outstanding > 0;
  }
  std::printf("%ld answered\n", answered);
  return answered == count ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  auto app = arrakis::App::attach();
  if (!app) return arrakis::report(app.error());
  arrakis::Queue& queue = app->vnic().queue();
  const std::string_view task = argv[1];
  auto socket = queue.bind_udp(task == "ping" ? 0 : 7);
  if (!socket) return 3;
  std::printf("ready\n");
  std::fflush(stdout);
  const long count = std::strtol(argv[2], nullptr, 10);
  if (task == "search") return search(queue, *socket, static_cast<std::size_t>(count), argv[3]);
  const auto target = arrakis::Endpoint::parse(argv[3]);
  return target ? ping(queue, *socket, *target, count) : 2;
}
