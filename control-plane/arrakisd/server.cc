#include "control-plane/arrakisd/server.h"

#include <capnp/rpc-twoparty.h>
#include <spdlog/spdlog.h>

#include "control-plane/arrakisd/arrakisd_server.h"

namespace arrakis::control {
namespace {

// No message of ours is near a MiB, and none is deep.
capnp::ReaderOptions reader_options() {
  capnp::ReaderOptions options;
  options.traversalLimitInWords = (1 << 20) / sizeof(capnp::word);
  options.nestingLimit = 32;
  return options;
}

// Of calls without an answer yet. One that waits for a promise of the client may hold a descriptor
// of the client: some hundreds a connection at most.
constexpr std::size_t words_in_flight_max = (64 << 10) / sizeof(capnp::word);
// We take none, but Cap'n Proto 0.9 sends none either when this is 0.
constexpr unsigned descriptors_a_message_max = 1;

// The members end in the reverse of their order: capabilities before what they stand on.
struct Connection {
  Connection(Services& services, kj::Own<kj::AsyncCapabilityStream> s, Peer peer)
      : client{kj::refcounted<Client>(services, kj::mv(peer))},
        stream{kj::mv(s)},
        network{*stream, descriptors_a_message_max, capnp::rpc::twoparty::Side::SERVER,
                reader_options()},
        rpc{capnp::makeRpcServer(network, kj::heap<ArrakisdServer>(*client))} {
    rpc.setFlowLimit(words_in_flight_max);
  }

  kj::Own<Client> client;
  kj::Own<kj::AsyncCapabilityStream> stream;
  capnp::TwoPartyVatNetwork network;
  capnp::RpcSystem<capnp::rpc::twoparty::VatId> rpc;
};

}  // namespace

kj::Promise<void> Server::serve(kj::Own<kj::AsyncCapabilityStream> stream, Peer peer) {
  auto connection = kj::heap<Connection>(services_, kj::mv(stream), kj::mv(peer));
  auto ended = connection->network.onDisconnect();
  return ended.attach(kj::mv(connection));
}

bool Server::has_room(std::uint32_t uid) const {
  if (uid == 0) return true;  // an administrator must get in when others fill the house
  const auto own = connections_.find(uid);
  return total_ < limits.connections &&
         (own == connections_.end() || own->second < limits.connections_a_user);
}

void Server::admit(kj::Own<kj::AsyncIoStream> stream) {
  int fd = -1;
  KJ_IF_MAYBE (found, stream->getFd()) {
    fd = *found;
  }
  Outcome<Peer> peer = identify_peer(fd);
  if (!peer) return spdlog::debug("connection refused: {}", peer.error().message);
  const std::uint32_t uid = peer->subject.uid;
  if (!has_room(uid)) return spdlog::warn("connection of uid {} refused: too many", uid);
  ++total_;
  ++connections_[uid];
  auto counted = kj::defer([this, uid] {
    --total_;
    if (--connections_[uid] == 0) connections_.erase(uid);
  });
  tasks_.add(serve(stream.downcast<kj::AsyncCapabilityStream>(), *std::move(peer))
                 .attach(kj::mv(counted)));
}

kj::Promise<void> Server::accept_from(kj::Own<kj::ConnectionReceiver> receiver) {
  auto& listening = *receiver;
  return listening.accept()
      .then(
          [this](kj::Own<kj::AsyncIoStream> stream) -> kj::Promise<void> {
            admit(kj::mv(stream));
            return kj::READY_NOW;
          },
          [this](kj::Exception&& exception) -> kj::Promise<void> {
            // Out of descriptors, most likely: wait for somebody to leave.
            spdlog::error("accept: {}", exception.getDescription().cStr());
            return timer_.afterDelay(100 * kj::MILLISECONDS);
          })
      .then(
          [this, receiver = kj::mv(receiver)]() mutable { return accept_from(kj::mv(receiver)); });
}

void Server::taskFailed(kj::Exception&& exception) {
  spdlog::debug("connection ended: {}", exception.getDescription().cStr());
}

}  // namespace arrakis::control
