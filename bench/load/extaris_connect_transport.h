// extaris_connect_transport.h: a Transport on a queue of a VNIC, of which every request has a TCP
// connection of its own: it is opened for it, and closed when the answer has come.
//
// We close first, so TIME-WAIT stays with us. The server listens on `ports` ports, from that of its
// endpoint on, so that there is always a flow to be had which does not wait.
// Lifetime: borrows the queue.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "arrakis/queue.h"
#include "bench/lib/machine.h"
#include "bench/lib/messages.h"
#include "extaris/stack/stack.h"

namespace arrakis::bench {

class ExtarisConnectTransport {
 public:
  static constexpr std::uint16_t ports = 8;

  ExtarisConnectTransport(Queue& queue, const Endpoint& server) : queue_{queue}, server_{server} {}

  Instant now() const noexcept { return bench::now(); }

  template <class Handle>
  void poll(Handle&& handle) {
    queue_.poll();
    for (auto events = queue_.tcp_events(room_); !events.empty();
         events = queue_.tcp_events(room_)) {
      const Instant seen = now();
      for (const TcpEvent& event : events) {
        Message answer;
        if (!advance(event, answer)) continue;
        if (handle(seen, std::span{answer})) (void)begin(answer);
      }
    }
  }

  template <class Fill>
  bool send(std::size_t bytes, Fill&& fill) {
    Message request{};
    fill(std::span{request}.first(bytes));
    return begin(request);
  }

  void flush() noexcept { queue_.stack().flush(); }

 private:
  using Message = std::array<std::byte, message_bytes>;
  struct Exchange {
    TcpConnection connection;
    Message request;
  };

  bool begin(const Message& request) {
    const auto port = static_cast<std::uint16_t>(server_.port + next_++ % ports);
    auto connection = queue_.connect_tcp({server_.address, port});
    if (!connection) return false;
    const std::size_t id = connection->id();
    if (id >= exchanges_.size()) exchanges_.resize(id + 1);
    exchanges_[id].emplace(std::move(*connection), request);
    return true;
  }

  // True: the answer has come, and the connection is closed. One that fails shows as a request that
  // is lost.
  bool advance(const TcpEvent& event, Message& answer) {
    if (event.id >= exchanges_.size() || !exchanges_[event.id]) return false;
    TcpConnection& connection = exchanges_[event.id]->connection;
    if ((event.what & TcpEvent::connected) != 0)
      (void)connection.send(std::span{exchanges_[event.id]->request});
    bool has_come = false;
    if (const TcpBuffer text = connection.receive(); text && text.bytes().size() == answer.size()) {
      std::ranges::copy(text.bytes(), answer.begin());
      has_come = true;
    }
    if (has_come || connection.has_ended()) exchanges_[event.id].reset();
    return has_come;
  }

  Queue& queue_;
  Endpoint server_;
  std::vector<std::optional<Exchange>> exchanges_;  // by the id of their connection
  std::size_t next_ = 0;
  std::array<TcpEvent, 64> room_{};
};

}  // namespace arrakis::bench
