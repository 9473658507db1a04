// A program of the public API alone that asks what the tests must know of an application's inside.
//
//   probe remember COUNT WORD   receives COUNT datagrams on port 7, then looks for WORD
//   probe search WORD           looks for WORD in the memory it was given
//   probe ping COUNT TARGET     sends COUNT datagrams to TARGET and counts the answers
//
// Looking is done in every packet buffer of the card, and the answer is how many hold the word.
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

int buffers_with(arrakis::UdpSocket& socket, std::string_view word) {
  const auto bytes = std::as_bytes(std::span{word});
  std::vector<Datagram> held;  // all of them, so that none is looked at twice
  std::size_t found = 0;
  while (Datagram datagram = socket.allocate(0)) {
    datagram.resize(datagram.capacity());
    found += !std::ranges::search(datagram.payload(), bytes).empty();
    held.push_back(std::move(datagram));
  }
  std::printf("%zu of %zu buffers\n", found, held.size());
  return held.empty() ? EXIT_FAILURE : EXIT_SUCCESS;
}

void receive(arrakis::Queue& queue, arrakis::UdpSocket& socket, long count) {
  while (count > 0) {
    queue.wait();
    while (socket.receive()) --count;
  }
}

// Up to 32 outstanding. What got no answer for a second is sent again: UDP may lose, and the peer
// may not be there yet.
int ping(arrakis::Queue& queue, arrakis::UdpSocket& socket, const arrakis::Endpoint& target,
         long count) {
  const auto text = std::as_bytes(std::span{std::string_view{"melange"}});
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
  if (argc < 3) return 2;
  auto app = arrakis::App::attach();
  if (!app) return arrakis::report(app.error());
  arrakis::Queue& queue = app->vnic().queue();
  const std::string_view task = argv[1];
  auto socket = queue.bind_udp(task == "ping" ? 0 : 7);
  if (!socket) return 3;
  std::printf("ready\n");
  std::fflush(stdout);
  if (task == "search") return buffers_with(*socket, argv[2]);
  if (argc < 4) return 2;
  const long count = std::strtol(argv[2], nullptr, 10);
  if (task == "remember") {
    receive(queue, *socket, count);
    return buffers_with(*socket, argv[3]);
  }
  const auto target = arrakis::Endpoint::parse(argv[3]);
  return target ? ping(queue, *socket, *target, count) : 2;
}
