// session_server.h: what an application holds first: its session and its VNICs.
//
// Each method answers from the Registry with the lease's number; what was revoked is not found.
#pragma once

#include <kj/debug.h>

#include "control-plane/arrakisd/client.h"
#include "protocol/arrakis.capnp.h"

namespace arrakis::control {

// One that both ends of a `then` hold.
template <class T>
struct SharedFulfiller : public kj::Refcounted {
  explicit SharedFulfiller(kj::Own<kj::PromiseFulfiller<T>> f) : fulfiller{kj::mv(f)} {}
  kj::Own<kj::PromiseFulfiller<T>> fulfiller;
};

class SessionServer final : public protocol::Session::Server, private kj::TaskSet::ErrorHandler {
 public:
  SessionServer(Client& client, LeaseId lease);
  ~SessionServer() noexcept(false);
  KJ_DISALLOW_COPY(SessionServer);

  void tell(std::string_view vnic, Observer::Event event);

  // How to look into the application; nothing: it has not said.
  kj::Maybe<protocol::Visible::Client> visible() { return visible_; }
  Client& client() { return *client_; }
  // What the application answers to `request`, if it does so in time. One that does not has its
  // questions left standing, but only so many: who is stopped shall not fill us up.
  template <class Parameters, class Results>
  kj::Promise<capnp::Response<Results>> ask(capnp::Request<Parameters, Results> request);

  kj::Promise<void> token(TokenContext context) override;
  kj::Promise<void> vics(VicsContext context) override;
  kj::Promise<void> watch(WatchContext context) override;
  kj::Promise<void> createFilter(CreateFilterContext context) override;
  kj::Promise<void> acquireVsa(AcquireVsaContext context) override;
  kj::Promise<void> lookup(LookupContext context) override;
  kj::Promise<void> end(EndContext context) override;
  kj::Promise<void> show(ShowContext context) override;

 private:
  static constexpr std::size_t watchers_max = 8;
  static constexpr std::size_t unheard_max = 64;  // events that a client has not answered
  static constexpr std::size_t unanswered_max = 16;
  static constexpr kj::Duration answer_time = 2 * kj::SECONDS;
  void taskFailed(kj::Exception&&) override {}  // it will hear of its connection's end itself

  ClientRef client_;
  LeaseId lease_;
  std::vector<protocol::Watcher::Client> watchers_;
  kj::Maybe<protocol::Visible::Client> visible_;
  std::size_t unheard_ = 0;
  std::size_t unanswered_ = 0;
  kj::TaskSet tasks_{*this};
};

template <class Parameters, class Results>
kj::Promise<capnp::Response<Results>> SessionServer::ask(
    capnp::Request<Parameters, Results> request) {
  if (unanswered_ >= unanswered_max)
    return KJ_EXCEPTION(OVERLOADED, "the application leaves too much unanswered");
  ++unanswered_;
  auto answer = kj::newPromiseAndFulfiller<capnp::Response<Results>>();
  auto fulfiller =
      kj::refcounted<SharedFulfiller<capnp::Response<Results>>>(kj::mv(answer.fulfiller));
  tasks_.add(request.send().then(
      [this, to = kj::addRef(*fulfiller)](capnp::Response<Results>&& response) mutable {
        --unanswered_;
        to->fulfiller->fulfill(kj::mv(response));
      },
      [this, to = kj::addRef(*fulfiller)](kj::Exception&& exception) mutable {
        --unanswered_;
        to->fulfiller->reject(kj::mv(exception));
      }));
  return client_->services().timer.timeoutAfter(answer_time, kj::mv(answer.promise));
}

class VnicServer final : public protocol::Vnic::Server {
 public:
  VnicServer(Client& client, LeaseId lease, std::string vnic)
      : client_{client}, lease_{lease}, vnic_{std::move(vnic)} {}

  kj::Promise<void> name(NameContext context) override;
  kj::Promise<void> describe(DescribeContext context) override;
  kj::Promise<void> queues(QueuesContext context) override;

 private:
  ClientRef client_;
  LeaseId lease_;
  std::string vnic_;
};

}  // namespace arrakis::control
