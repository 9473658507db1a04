// extaris_transport.h: a Transport on a queue of a VNIC. An answer becomes the next request in the
// buffer it came in.
//
// Lifetime: borrows the queue.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <utility>

#include "arrakis/queue.h"
#include "bench/lib/machine.h"
#include "extaris/stack/stack.h"

namespace arrakis::bench {

class ExtarisTransport {
 public:
  ExtarisTransport(Queue& queue, UdpSocket socket, const Endpoint& server)
      : queue_{queue}, socket_{std::move(socket)}, server_{server} {}

  Instant now() const noexcept { return bench::now(); }

  template <class Handle>
  void poll(Handle&& handle) {
    queue_.poll();
    const std::size_t count = socket_.receive(received_);
    if (count == 0) return;
    const Instant seen = now();
    for (Datagram& datagram : std::span{received_}.first(count)) {
      // A reply that finds no room is lost; the loop above sees that by its time-out.
      if (handle(seen, datagram.mutable_payload())) (void)socket_.reply(std::move(datagram));
      datagram = {};
    }
  }

  template <class Fill>
  bool send(std::size_t bytes, Fill&& fill) {
    Datagram datagram = socket_.allocate(bytes);
    if (!datagram) return false;
    fill(datagram.mutable_payload());
    return socket_.send(std::move(datagram), server_).has_value();
  }

  void flush() noexcept { queue_.stack().flush(); }

 private:
  Queue& queue_;
  UdpSocket socket_;
  Endpoint server_;
  std::array<Datagram, 64> received_;
};

}  // namespace arrakis::bench
