// connection.h: the way to arrakisd: a unix socket, Cap'n Proto, and a limit on how long to wait.
//
// Threads:  one; at most one Connection at a time (Cap'n Proto's event loop belongs to the thread).
// Errors:   unreachable: nothing there, nothing that speaks as arrakisd, or it went away meanwhile;
//           timeout: it did not answer in time; denied: the socket may not be opened.
#pragma once

#include <capnp/capability.h>
#include <capnp/rpc-twoparty.h>
#include <kj/async-io.h>
#include <kj/timer.h>

#include <memory>
#include <string>
#include <utility>

#include "control-plane/arrakisctl/result.h"
#include "protocol/arrakis.capnp.h"

namespace arrakis::ctl {

struct Target {
  std::string socket;
  kj::Duration timeout;  // of each answer
};

// Whether something listens at `socket`, by a plain connect() whose errno tells why not.
Result<void> probe(const std::string& socket);

class Connection {
 public:
  // Connects and agrees on the version.
  static Result<std::unique_ptr<Connection>> open(const Target& target);

  // For opening only: neither copied nor moved, the event loop is inside.
  explicit Connection(const Target& target) : target_{target}, io_{kj::setupAsyncIo()} {}
  Connection(const Connection&) = delete;

  protocol::Arrakisd::Client& daemon() { return daemon_; }

  // The answer to `request`, which the caller has filled in.
  template <class Parameters, class Results>
  Result<capnp::Response<Results>> call(capnp::Request<Parameters, Results> request) {
    return wait(kj::Promise<capnp::Response<Results>>{request.send()});
  }
  // What a promise resolves to, in the time of an answer.
  template <class T>
  Result<T> wait(kj::Promise<T> answer) {
    try {
      return timer().timeoutAfter(target_.timeout, kj::mv(answer)).wait(io_.waitScope);
    } catch (const kj::Exception& e) {
      return std::unexpected(failure_of(e));
    }
  }
  // What the daemon says meanwhile is heard.
  void pause(kj::Duration duration) { timer().afterDelay(duration).wait(io_.waitScope); }

 private:
  kj::Timer& timer() { return io_.provider->getTimer(); }
  Result<void> connect();
  Result<void> say_hello();
  Failure failure_of(const kj::Exception& exception) const;

  const Target target_;
  kj::AsyncIoContext io_;
  kj::Own<kj::AsyncCapabilityStream> stream_;
  std::unique_ptr<capnp::TwoPartyClient> client_;
  protocol::Arrakisd::Client daemon_{nullptr};
  bool met_ = false;  // the other end has spoken as arrakisd
};

}  // namespace arrakis::ctl
