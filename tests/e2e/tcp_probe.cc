// A TCP client of the public API alone, for the wire between two applications.
//
//   tcp_probe TARGET BYTES   sends BYTES to an echo at TARGET, checks each that comes back, closes,
//                            and waits for the other side to close
#include <arrakis/arrakis.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

using arrakis::Duration;

std::byte byte_at(std::size_t i) { return static_cast<std::byte>(i * 7 + i / 251); }

// How many bytes came back right.
std::size_t exchange(arrakis::Queue& queue, arrakis::TcpConnection& connection, std::size_t bytes) {
  std::array<std::byte, 4096> block;
  std::size_t sent = 0;
  std::size_t right = 0;
  for (int silences = 0; !connection.at_end() && silences < 10;) {
    while (sent < bytes && connection.is_open()) {
      const std::size_t step = std::min(block.size(), bytes - sent);
      for (std::size_t i = 0; i < step; ++i) block[i] = byte_at(sent + i);
      const auto taken = connection.send(std::span{block}.first(step));
      if (!taken) break;
      sent += *taken;
    }
    if (sent == bytes) connection.shutdown();
    silences = queue.wait(Duration::seconds(1)) == 0 ? silences + 1 : 0;
    while (const arrakis::TcpBuffer buffer = connection.receive())
      for (const std::byte b : buffer.bytes()) right += b == byte_at(right) ? 1 : 0;
  }
  return right;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  auto app = arrakis::App::attach();
  if (!app) return arrakis::report(app.error());
  arrakis::Queue& queue = app->vnic().queue();
  const auto target = arrakis::Endpoint::parse(argv[1]);
  const auto bytes = std::strtoull(argv[2], nullptr, 10);
  if (!target) return 2;
  auto connection = queue.connect_tcp(*target);
  if (!connection) return arrakis::report(connection.error());
  std::printf("%zu right\n", exchange(queue, *connection, bytes));
  std::printf("%s\n", connection->error() == arrakis::TcpError::none ? "closed" : "broken");
}
