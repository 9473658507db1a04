#include "libos/posix/host.h"

#include <algorithm>
#include <array>

#include "libos/posix/datagram_socket.h"
#include "libos/posix/stream_socket.h"

namespace arrakis::posix {
namespace {

// Linux's net.ipv4.ip_local_port_range; the stack itself takes ports from 49,152 on.
constexpr std::uint16_t ephemeral_first = 32'768;
constexpr std::uint16_t ephemeral_end = 49'152;

bool overlap(const IpAddress& a, const IpAddress& b) {
  return a == b || (a.is_any() && (!a.is_v4() || b.is_v4())) ||
         (b.is_any() && (!b.is_v4() || a.is_v4()));
}

void put(std::vector<StreamSocket*>& table, std::uint32_t id, StreamSocket* socket) {
  if (id >= table.size()) table.resize(id + 1);
  table[id] = socket;
}

StreamSocket* find(const std::vector<StreamSocket*>& table, std::uint32_t id) {
  return id < table.size() ? table[id] : nullptr;
}

}  // namespace

void Host::start(extaris::Stack& stack, std::vector<IpAddress> addresses) {
  stack_ = &stack;
  addresses_ = std::move(addresses);
}

bool Host::is_ours(const IpAddress& address) const {
  return address.is_any() || std::ranges::find(addresses_, address) != addresses_.end();
}

void Host::take_news() {
  if (stack_ == nullptr) return;
  std::array<extaris::TcpEvent, 64> events;
  std::size_t count = 0;
  do {
    count = stack_->tcp_events(events);
    for (const extaris::TcpEvent& event : std::span{events}.first(count)) {
      const bool of_listener = (event.what & extaris::TcpEvent::acceptable) != 0;
      StreamSocket* socket = find(of_listener ? listeners_ : connections_, event.id);
      if (socket != nullptr) socket->hear(event.what);
    }
  } while (count == events.size());
  for (DatagramSocket* socket : datagram_sockets_) socket->take_news();
}

Result<std::uint16_t> Host::reserve_port(const Endpoint& local, bool may_share) {
  const auto is_free = [&](const Endpoint& wanted) {
    return std::ranges::none_of(reserved_, [&](const Reserved& r) {
      return r.local.port == wanted.port && overlap(r.local.address, wanted.address) &&
             !(r.may_share && may_share);
    });
  };
  Endpoint wanted = local;
  if (wanted.port == 0) {
    for (std::uint32_t i = 0; i < ephemeral_end - ephemeral_first; ++i) {
      if (next_port_ < ephemeral_first || next_port_ >= ephemeral_end) next_port_ = ephemeral_first;
      wanted.port = next_port_++;
      if (is_free(wanted)) break;
    }
  }
  if (!is_free(wanted)) return fail(EADDRINUSE);
  reserved_.push_back({wanted, may_share});
  return wanted.port;
}

void Host::give_back_port(const Endpoint& local) {
  const auto at = std::ranges::find(reserved_, local, &Reserved::local);
  if (at != reserved_.end()) reserved_.erase(at);
}

void Host::set_connection(std::uint32_t id, StreamSocket* socket) { put(connections_, id, socket); }

void Host::set_listener(std::uint32_t id, StreamSocket* socket) { put(listeners_, id, socket); }

}  // namespace arrakis::posix
