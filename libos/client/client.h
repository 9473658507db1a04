// client.h: the application's side of the control plane.
//
// A thread of its own speaks to arrakisd, so that the application's threads never do. It sleeps in
// the kernel unless the daemon has something to say, blocks every signal, and when the daemon goes
// away it comes back by itself with the session's token; packets do not notice.
//
// Threads:  attach(), take_vnics() and the destructor from one thread; the rest from any.
// Lifetime: the session lasts as long as this object; the destructor ends it.
// Errors:   attach() alone; each says what mends it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arrakis/event.h"
#include "base/error.h"
#include "base/instant.h"
#include "libos/client/grant.h"
#include "libos/client/window.h"

namespace arrakis::client {

struct ClientOptions {
  std::string socket_path;
  std::string app;
  Duration answer_time = Duration::seconds(10);        // at most, for one answer of the daemon
  Duration retry_after = Duration::milliseconds(100);  // when the daemon has gone away
};

class Client {
 public:
  static Outcome<Client> attach(const ClientOptions& options);

  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  // What was assigned; at least one. The second call returns nothing.
  std::vector<VnicGrant> take_vnics();

  // Through which the daemon looks at queue `queue` of a VNIC; nullptr: there is none. Stays where
  // it is as long as this object lives.
  Window* window(std::string_view vnic, std::size_t queue) noexcept;

  // The oldest event not yet seen. Costs one atomic load when there is none.
  std::optional<VnicEvent> take_event() noexcept;

  bool connected() const noexcept;              // to the daemon, just now
  std::uint64_t restorations() const noexcept;  // how often the session was restored

 private:
  struct Parts;
  explicit Client(std::unique_ptr<Parts> parts) noexcept;
  std::unique_ptr<Parts> parts_;
};

}  // namespace arrakis::client
