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
#include "bench/lib/messages.h"
#include "bench/load/measurement.h"
#include "extaris/stack/stack.h"

namespace arrakis::bench {

class ExtarisTcpTransport {
 public:
  ExtarisTcpTransport(Queue& queue, const Endpoint& server) : queue_{queue}, server_{server} {}

  // Until there are as many connections as the case wants. Above 16,000 the server listens on
  // further ports.
  Outcome<void> connect(const Case& what);

  Instant now() const noexcept { return bench::now(); }

  template <class Handle>
  void poll(Handle&& handle) {
    queue_.poll();
    for (auto events = queue_.tcp_events(room_); !events.empty();
         events = queue_.tcp_events(room_)) {
      const Instant seen = now();
      for (const TcpEvent& event : events) {
        TcpConnection& connection = connections_[place_of_id_[event.id]];
        while (TcpBuffer text = connection.receive())
          answer(rotates_ ? next() : connection, std::move(text),
                 [&](std::span<std::byte> message) { return handle(seen, message); });
      }
    }
  }

  // On the next connection.
  template <class Fill>
  bool send(std::size_t bytes, Fill&& fill) {
    TcpConnection& connection = next();
    TcpBuffer text = connection.allocate(bytes);
    if (!text) return false;
    fill(text.bytes());
    return connection.send(std::move(text)).has_value();
  }

  void flush() noexcept { queue_.stack().flush(); }

 private:
  // A connection that ends shows as requests that are lost.
  template <class Handle>
  static void answer(TcpConnection& connection, TcpBuffer&& text, Handle&& handle) {
    TcpBuffer mine{std::move(text)};
    if (mine.bytes().size() == message_bytes) {
      if (handle(mine.bytes())) (void)connection.send(std::move(mine));
      return;
    }
    // Late answers of two questions came together.
    for_each_message(mine.bytes(), [&](std::span<std::byte> message) {
      if (handle(message)) (void)connection.send(message);
    });
  }
  // All in turn, in an order that leaps.
  TcpConnection& next() noexcept {
    next_ = (next_ + stride_) % connections_.size();
    return connections_[next_];
  }
  Outcome<void> begin_one();
  void hear_of_openings();

  Queue& queue_;
  Endpoint server_;
  std::vector<TcpConnection> connections_;
  std::vector<std::size_t> place_of_id_;  // in connections_
  std::size_t open_ = 0;
  std::size_t next_ = 0;
  std::size_t stride_ = 1;  // has no divisor in common with their number
  bool rotates_ = false;
  std::array<TcpEvent, 64> room_{};
};

}  // namespace arrakis::bench
