// extaris_tcp_transport.h: a Transport on TCP connections of a queue of a VNIC; an answer becomes
// the next request of its connection in the buffer it came in.
//
// Lifetime: borrows the queue.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "arrakis/queue.h"
#include "base/error.h"
#include "bench/lib/machine.h"
#include "extaris/stack/stack.h"

namespace arrakis::bench {

class ExtarisTcpTransport {
 public:
  ExtarisTcpTransport(Queue& queue, const Endpoint& server) : queue_{queue}, server_{server} {}

  // Until there are `count` connections.
  Outcome<void> connect(std::size_t count);

  Instant now() const noexcept { return bench::now(); }

  template <class Handle>
  void poll(Handle&& handle) {
    queue_.poll();
    for (auto events = queue_.tcp_events(room_); !events.empty();
         events = queue_.tcp_events(room_)) {
      const Instant seen = now();
      for (const TcpEvent& event : events) {
        TcpConnection& connection = connections_[place_of_id_[event.id]];
        // A connection that ends shows as requests that are lost.
        while (TcpBuffer text = connection.receive())
          if (handle(seen, text.bytes())) (void)connection.send(std::move(text));
      }
    }
  }

  // On the next connection.
  template <class Fill>
  bool send(std::size_t bytes, Fill&& fill) {
    TcpConnection& connection = connections_[next_++ % connections_.size()];
    TcpBuffer text = connection.allocate(bytes);
    if (!text) return false;
    fill(text.bytes());
    return connection.send(std::move(text)).has_value();
  }

  void flush() noexcept { queue_.stack().flush(); }

 private:
  Outcome<void> begin_one();
  void hear_of_openings();

  Queue& queue_;
  Endpoint server_;
  std::vector<TcpConnection> connections_;
  std::vector<std::size_t> place_of_id_;  // in connections_
  std::size_t open_ = 0;
  std::size_t next_ = 0;
  std::array<TcpEvent, 64> room_;
};

}  // namespace arrakis::bench
