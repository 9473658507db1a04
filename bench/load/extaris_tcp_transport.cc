#include "bench/load/extaris_tcp_transport.h"

#include <algorithm>
#include <numeric>

namespace arrakis::bench {
namespace {

constexpr std::size_t handshakes_at_once = 256;
// Towards one port of the server, with as many ports of our own: a few fewer than there are.
constexpr std::size_t connections_a_port = 16'000;
constexpr Duration patience = Duration::seconds(60);

}  // namespace

Outcome<void> ExtarisTcpTransport::connect(const Case& what) {
  const std::size_t count = what.connections();
  rotates_ = what.idle > 0;
  const Instant give_up = now() + patience;
  while (open_ < count) {
    while (connections_.size() < count && connections_.size() - open_ < handshakes_at_once)
      if (auto begun = begin_one(); !begun) return begun;
    queue_.poll();
    hear_of_openings();
    if (now() > give_up)
      return fail(Error::Code::unavailable,
                  "only " + std::to_string(open_) + " of " + std::to_string(count) +
                      " connections came about",
                  "does the server listen?");
  }
  const std::size_t all = connections_.size();
  stride_ = std::max<std::size_t>(all * 618 / 1000, 1);
  while (std::gcd(stride_, all) != 1) ++stride_;
  return {};
}

Outcome<void> ExtarisTcpTransport::begin_one() {
  const std::size_t port = server_.port + connections_.size() / connections_a_port;
  auto connection = queue_.connect_tcp({server_.address, static_cast<std::uint16_t>(port)});
  if (!connection)
    return fail(Error::Code::exhausted,
                "no further connection after " + std::to_string(connections_.size()),
                "ask for fewer");
  const std::size_t id = connection->id();
  if (id >= place_of_id_.size()) place_of_id_.resize(id + 1);
  place_of_id_[id] = connections_.size();
  connections_.push_back(std::move(*connection));
  return {};
}

void ExtarisTcpTransport::hear_of_openings() {
  for (auto events = queue_.tcp_events(room_); !events.empty(); events = queue_.tcp_events(room_))
    for (const TcpEvent& event : events) {
      if ((event.what & TcpEvent::connected) != 0) ++open_;
      // The server still starts.
      if ((event.what & TcpEvent::ended) != 0 && open_ == 0) connections_.clear();
    }
}

}  // namespace arrakis::bench
