#include "extaris/stack/describe_sockets.h"

#include <algorithm>

#include "extaris/tcp/describe.h"

namespace arrakis::extaris {
namespace {

// Where a table begins in the list of all places: its number above, the place below.
constexpr unsigned table_shift = 32;
constexpr std::uint64_t place_mask = (std::uint64_t{1} << table_shift) - 1;

SocketInfo info_of(const tcp::Listener& listener) {
  return {.kind = SocketInfo::Kind::tcp_listener,
          .local = listener.local,
          .remote = {},
          .receive_queue = listener.backlog.size(),
          .send_queue = listener.backlog_max,
          .tcp = {}};
}

SocketInfo info_of(const tcp::ControlBlock& c, const TcpLayer& layer) {
  const TcpInfo info = tcp::describe(c, layer.now());
  return {.kind = SocketInfo::Kind::tcp_connection,
          .local = {layer.address(c.local_address), c.local_port},
          .remote = {c.remote_address, c.remote_port},
          .receive_queue = info.unread_bytes,
          .send_queue = info.unacknowledged_bytes + info.unsent_bytes,
          .tcp = info};
}

SocketInfo info_of(const UdpPort& port) {
  return {.kind = SocketInfo::Kind::udp,
          .local = {port.local, port.number},
          .remote = port.is_connected ? port.peer : Endpoint{},
          .receive_queue = port.received.size(),
          .send_queue = 0,
          .tcp = {}};
}

// Tells of up to `places` entries from `from` on, and says how many it looked at.
template <class Table, class Tell>
std::size_t tell(const Table& table, std::uint64_t from, std::size_t places, Tell tell_of) {
  if (from >= table.size()) return 0;
  const std::size_t count = std::min(table.size() - static_cast<std::size_t>(from), places);
  for (const auto& entry : table.subspan(static_cast<std::size_t>(from), count)) tell_of(entry);
  return count;
}

}  // namespace

std::optional<std::uint64_t> describe_sockets(const TcpLayer& tcp, const UdpLayer& udp,
                                              std::uint64_t from, std::size_t places,
                                              SocketSink& sink) noexcept {
  std::uint64_t table = from >> table_shift;
  std::uint64_t place = from & place_mask;
  for (; table < 3; ++table, place = 0) {
    std::size_t seen = 0;
    if (table == 0)
      seen = tell(tcp.listeners(), place, places, [&](const tcp::Listener& listener) {
        if (listener.local.port != 0) sink.take(info_of(listener));
      });
    else if (table == 1)
      seen = tell(tcp.blocks(), place, places, [&](const tcp::ControlBlock& c) {
        if (c.state != tcp::State::closed) sink.take(info_of(c, tcp));
      });
    else
      seen = tell(udp.ports(), place, places, [&](const UdpPort& port) {
        if (port.number != 0) sink.take(info_of(port));
      });
    places -= seen;
    if (places == 0) return table << table_shift | (place + seen);
  }
  return std::nullopt;
}

}  // namespace arrakis::extaris
