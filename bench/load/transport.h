// transport.h: what a load generator asks of the network. The loops (closed_loop.h, open_loop.h)
// are written once and run over kernel sockets, over extaris and, in tests, over a wire on virtual
// time.
#pragma once

#include <concepts>
#include <cstddef>
#include <span>

#include "base/instant.h"

namespace arrakis::bench {

template <class T>
concept Transport =
    requires(T transport, std::size_t bytes, bool (*handle)(Instant, std::span<std::byte>),
             void (*fill)(std::span<std::byte>)) {
      { transport.now() } -> std::same_as<Instant>;

      // Calls `handle` for every datagram that came in, with the instant at which they were seen.
      // True: the datagram goes back to the server with the bytes that handle left in it.
      transport.poll(handle);

      // Sends `bytes` that `fill` writes, at the latest with the next flush(). False: no room now.
      { transport.send(bytes, fill) } -> std::same_as<bool>;
      transport.flush();
    };

}  // namespace arrakis::bench
