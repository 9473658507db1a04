// session.h: one connection to arrakisd and the session on it. A capability is the lease, so a
// Session holds every capability it was given for as long as it lives.
//
// Threads:  the control thread alone.
// Errors:   Refused, or kj::Exception when the daemon is lost on the way.
#pragma once

#include <capnp/rpc-twoparty.h>
#include <kj/async-io.h>
#include <kj/vector.h>

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "control-plane/protocol/arrakis.capnp.h"
#include "libos/client/grant.h"
#include "libos/client/patience.h"

namespace arrakis::client {

// An Error on its way up the control thread, where Cap'n Proto throws anyway.
struct Refused {
  Error error;
};

using Token = std::vector<unsigned char>;

class Session {
 public:
  // Connects and agrees on the version; nobody in particular yet.
  Session(kj::AsyncIoContext& io, Patience& patience, const std::string& socket_path);

  // Becomes `app` and takes what is assigned to it. At least one VNIC.
  std::vector<VnicGrant> attach(const std::string& app);
  // Becomes again what it was before the connection was lost.
  void restore(const Token& token);
  // Gives everything back, as far as the daemon is there to take it.
  void end();

  const Token& token() const { return token_; }
  // What happens to the session from now on goes to `watcher`.
  void watch(protocol::Watcher::Client watcher);
  // Lets the daemon ask what goes on inside. One of an earlier release never asks.
  void show(protocol::Visible::Client visible);
  kj::Promise<void> lost() { return rpc_.onDisconnect(); }

 private:
  struct HeldVnic {
    protocol::Vnic::Client vnic;
    kj::Vector<protocol::Queue::Client> queues;  // std::vector would copy from const
  };

  void begin(protocol::Session::Client session);
  std::vector<VnicGrant> open_all(const std::string& app);
  HeldVnic hold(protocol::Vnic::Client vnic);
  VnicGrant open(HeldVnic& held);
  QueueGrant open(protocol::Queue::Client& queue);
  XdpGrant receive(protocol::XdpQueue::Reader message);
  WireGrant receive(protocol::WireQueue::Reader message);
  Descriptor receive(protocol::Descriptor::Client descriptor);

  Patience& patience_;
  kj::Own<kj::AsyncCapabilityStream> stream_;
  capnp::TwoPartyClient rpc_;
  protocol::Arrakisd::Client daemon_;
  kj::Maybe<protocol::Session::Client> session_;
  kj::Vector<HeldVnic> vnics_;
  Token token_;
};

}  // namespace arrakis::client
