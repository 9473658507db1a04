#include "libos/client/session.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "libos/client/decode.h"

namespace arrakis::client {
namespace {

constexpr unsigned descriptors_in_a_message_max = 16;
constexpr auto last_words_time = Duration::milliseconds(500);

[[noreturn]] void refuse(Error::Code code, std::string message, std::string remedy = "") {
  throw Refused{{code, std::move(message), std::move(remedy)}};
}

template <class T>
T value_or_refuse(Outcome<T> outcome) {
  if (!outcome) throw Refused{std::move(outcome.error())};
  if constexpr (!std::is_void_v<T>) return std::move(*outcome);
}

// The value of an answer of type Outcome(T).
template <class Reader>
auto value(Reader outcome) {
  if (outcome.isError()) throw Refused{decode(outcome.getError())};
  return outcome.getValue();
}

[[noreturn]] void refuse_connection(const std::string& path, int why) {
  switch (why) {
    case ENOENT:
    case ECONNREFUSED:
      refuse(Error::Code::unavailable, "arrakisd is not running at " + path,
             "start it, as root: arrakisd");
    case EACCES:
    case EPERM:
      refuse(Error::Code::denied, "this user may not open " + path,
             "ask the administrator for access to the socket of arrakisd");
    default:
      refuse(Error::Code::unavailable,
             "cannot connect to arrakisd at " + path + ": " + std::strerror(why),
             "look at what arrakisd says: arrakisctl status");
  }
}

kj::Own<kj::AsyncCapabilityStream> connect(kj::AsyncIoContext& io, const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path))
    refuse(Error::Code::usage,
           "the path of arrakisd's socket has " + std::to_string(path.size()) +
               " characters; a unix socket takes " + std::to_string(sizeof(address.sun_path) - 1),
           "set ARRAKIS_SOCKET to a shorter path");
  path.copy(address.sun_path, path.size());

  // Not blocking: a daemon that accepts nobody any more is EAGAIN, not a wait without end.
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) refuse_connection(path, errno);
  kj::AutoCloseFd owner{fd};
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    refuse_connection(path, errno);
  return io.lowLevelProvider->wrapUnixSocketFd(
      kj::mv(owner),
      kj::LowLevelAsyncIoProvider::ALREADY_CLOEXEC | kj::LowLevelAsyncIoProvider::ALREADY_NONBLOCK);
}

}  // namespace

Session::Session(kj::AsyncIoContext& io, Patience& patience, const std::string& socket_path)
    : patience_{patience},
      stream_{connect(io, socket_path)},
      rpc_{*stream_, descriptors_in_a_message_max},
      daemon_{rpc_.bootstrap().castAs<protocol::Arrakisd>()} {
  auto request = daemon_.helloRequest();
  request.setVersion(protocol::VERSION);
  const auto answer =
      patience_.answer<capnp::Response<protocol::Arrakisd::HelloResults>>(request.send());
  if (answer.getVersion() != protocol::VERSION)
    refuse(Error::Code::unavailable,
           "arrakisd speaks version " + std::to_string(answer.getVersion()) +
               " of the protocol, this program version " + std::to_string(protocol::VERSION),
           "use an arrakisd and a libarrakis of the same release");
}

void Session::begin(protocol::Session::Client session) {
  const auto its_token = patience_.answer<capnp::Response<protocol::Session::TokenResults>>(
      session.tokenRequest().send());
  const auto bytes = its_token.getToken();
  token_.assign(bytes.begin(), bytes.end());

  const auto vics = patience_.answer<capnp::Response<protocol::Session::VicsResults>>(
      session.vicsRequest().send());
  if (vics.getVnics().size() > limits::vnics_max)
    refuse(Error::Code::internal, "arrakisd gave more VNICs than a program can hold",
           "use an arrakisd and a libarrakis of the same release");
  for (auto vnic : vics.getVnics()) vnics_.add(hold(vnic));
  session_ = kj::mv(session);
}

std::vector<VnicGrant> Session::attach(const std::string& app) {
  auto request = daemon_.attachRequest();
  request.setApp(app);
  const auto answer =
      patience_.answer<capnp::Response<protocol::Arrakisd::AttachResults>>(request.send());
  begin(value(answer.getOutcome()));
  try {
    return open_all(app);
  } catch (...) {  // the process may live on and try again
    end();
    throw;
  }
}

std::vector<VnicGrant> Session::open_all(const std::string& app) {
  if (vnics_.empty())
    refuse(Error::Code::not_found, "no VNIC is assigned to " + app,
           "arrakisctl assign-vf --app " + app);
  std::vector<VnicGrant> grants;
  for (auto& held : vnics_) grants.push_back(open(held));
  return grants;
}

void Session::restore(const Token& token) {
  auto request = daemon_.restoreRequest();
  request.setToken(kj::arrayPtr(token.data(), token.size()));
  const auto answer =
      patience_.answer<capnp::Response<protocol::Arrakisd::RestoreResults>>(request.send());
  begin(value(answer.getOutcome()));
}

void Session::watch(protocol::Watcher::Client watcher) {
  KJ_IF_MAYBE (session, session_) {
    auto request = session->watchRequest();
    request.setWatcher(kj::mv(watcher));
    patience_.answer<capnp::Response<protocol::Session::WatchResults>>(request.send());
  }
}

void Session::show(protocol::Visible::Client visible) {
  KJ_IF_MAYBE (session, session_) {
    auto request = session->showRequest();
    request.setVisible(kj::mv(visible));
    patience_.answer(request.send().ignoreResult().catch_([](kj::Exception&& exception) {
      if (exception.getType() != kj::Exception::Type::UNIMPLEMENTED)
        kj::throwRecoverableException(kj::mv(exception));
    }));
  }
}

void Session::end() {
  KJ_IF_MAYBE (session, session_) {
    patience_.last_words(session->endRequest().send(), last_words_time);
  }
}

Session::HeldVnic Session::hold(protocol::Vnic::Client vnic) {
  const auto answer =
      patience_.answer<capnp::Response<protocol::Vnic::QueuesResults>>(vnic.queuesRequest().send());
  const auto queues = value(answer.getOutcome());
  if (queues.size() == 0 || queues.size() > limits::queues_max)
    refuse(Error::Code::internal, "arrakisd gave a VNIC with an impossible number of queues",
           "use an arrakisd and a libarrakis of the same release");
  HeldVnic held{.vnic = kj::mv(vnic), .queues = {}};
  for (auto queue : queues) held.queues.add(queue);
  return held;
}

VnicGrant Session::open(HeldVnic& held) {
  const auto answer = patience_.answer<capnp::Response<protocol::Vnic::DescribeResults>>(
      held.vnic.describeRequest().send());
  VnicGrant grant{.info = value_or_refuse(decode(answer.getVnic())), .queues = {}};
  for (auto& queue : held.queues) grant.queues.push_back(open(queue));
  return grant;
}

QueueGrant Session::open(protocol::Queue::Client& queue) {
  const auto answer =
      patience_.answer<capnp::Response<protocol::Queue::OpenResults>>(queue.openRequest().send());
  const auto grant = value(answer.getOutcome());
  switch (grant.which()) {
    case protocol::QueueGrant::XDP: return receive(grant.getXdp());
    case protocol::QueueGrant::WIRE: return receive(grant.getWire());
    case protocol::QueueGrant::SRIOV: return value_or_refuse(decode(grant.getSriov()));
  }
  refuse(Error::Code::not_yet, "arrakisd granted a kind of queue that this program does not know",
         "build the program with a libarrakis of the release of arrakisd");
}

XdpGrant Session::receive(protocol::XdpQueue::Reader message) {
  XdpGrant grant = value_or_refuse(decode(message));
  grant.socket = receive(message.getSocket());
  grant.umem = receive(message.getUmem());
  value_or_refuse(check_umem(grant));
  return grant;
}

WireGrant Session::receive(protocol::WireQueue::Reader message) {
  WireGrant grant = value_or_refuse(decode(message));
  grant.doorbell_page = receive(message.getDoorbellPage());
  grant.bell = receive(message.getBell());
  return grant;
}

Descriptor Session::receive(protocol::Descriptor::Client descriptor) {
  const kj::Maybe<int> maybe = patience_.answer<kj::Maybe<int>>(descriptor.getFd());
  KJ_IF_MAYBE (fd, maybe) {
    // The capability keeps its own; ours outlives it.
    Descriptor own{::fcntl(*fd, F_DUPFD_CLOEXEC, 0)};
    if (own) return own;
    refuse(Error::Code::exhausted,
           std::string{"cannot keep a descriptor of arrakisd's: "} + std::strerror(errno),
           "raise the limit of open files: ulimit -n");
  }
  refuse(Error::Code::internal, "arrakisd sent no descriptor where one was due",
         "use an arrakisd and a libarrakis of the same release");
}

}  // namespace arrakis::client
