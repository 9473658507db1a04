// sights.h: attached applications, and what can be seen of each.
//
// Nothing an application wrote is believed: pages are copied out of the shared memory and checked
// (protocol/sight_reader.h).
// Lifetime: borrows the connection.
// Errors:   those of the connection and of arrakisd; other: an application wrote nonsense.
#pragma once

#include <kj/io.h>

#include <cstdint>
#include <string>
#include <vector>

#include "control-plane/arrakisctl/connection.h"
#include "control-plane/arrakisctl/result.h"
#include "control-plane/protocol/sight_reader.h"

namespace arrakis::ctl {

struct QueueName {
  std::string vnic;
  std::uint16_t queue = 0;

  std::string text() const { return vnic + '/' + std::to_string(queue); }
};

struct SeenApp {
  std::string name;
  std::int32_t pid = 0;
  std::vector<QueueName> queues;
  protocol::Sight::Client sight;
};

// All that the caller may look into, or the one of that name.
Result<std::vector<SeenApp>> look(Connection& connection, const std::string& app);

// A descriptor that came with a capability, as our own.
Result<kj::AutoCloseFd> receive(Connection& connection, protocol::Descriptor::Client descriptor);

class Snapshot {
 public:
  static Result<Snapshot> of(Connection& connection, SeenApp& app);

  Result<std::vector<sight::SocketRecord>> sockets(const QueueName& queue);
  Result<std::vector<std::uint64_t>> counters(const QueueName& queue);

 private:
  using What = protocol::Snapshot::What;
  Snapshot(Connection& connection, std::string app, protocol::Snapshot::Client snapshot,
           kj::AutoCloseFd memory)
      : connection_{connection},
        app_{std::move(app)},
        snapshot_{kj::mv(snapshot)},
        memory_{kj::mv(memory)},
        page_(sight::page_bytes) {}

  Result<void> take(const QueueName& queue, What what, std::uint64_t cursor);
  std::unexpected<Failure> nonsense(std::string_view what) const;

  Connection& connection_;
  std::string app_;
  protocol::Snapshot::Client snapshot_;
  kj::AutoCloseFd memory_;
  std::vector<std::byte> page_;  // our copy
};

}  // namespace arrakis::ctl
