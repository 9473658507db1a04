#include "control-plane/arrakisctl/connection.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "control-plane/model/quote.h"

namespace arrakis::ctl {
namespace {

constexpr const char* start_it =
    "start it with `sudo systemctl start arrakisd` (or `sudo arrakisd --policy FILE`), or name its "
    "socket with --socket";

constexpr unsigned descriptors_a_message_max = 1;

std::string reason(const kj::Exception& exception) {
  return control::one_line(exception.getDescription().cStr());
}

Result<void> explain(int error, const std::string& socket) {
  switch (error) {
    case 0: return {};
    case ENOENT:
    case ENOTDIR: return fail(Exit::unreachable, "arrakisd is not running at " + socket, start_it);
    case ECONNREFUSED:
      return fail(Exit::unreachable, "nobody listens at " + socket + ": arrakisd has ended",
                  start_it);
    case EACCES:
    case EPERM:
      return fail(Exit::denied, "you may not open " + socket,
                  "use sudo, or ask for access to the socket");
    default:
      return fail(Exit::unreachable,
                  "arrakisd cannot be reached at " + socket + ": " + std::strerror(error),
                  start_it);
  }
}

}  // namespace

Result<void> probe(const std::string& socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.empty() || socket.size() >= sizeof(address.sun_path) ||
      socket.find('\0') != std::string::npos)
    return fail(Exit::usage, "not a path for a unix socket: " + control::quote(socket),
                "a path has 1 to 107 bytes, as in /run/arrakis/arrakisd.sock");
  socket.copy(address.sun_path, sizeof(address.sun_path) - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return explain(errno, socket);
  const bool connected =
      ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  const int error = connected ? 0 : errno;
  ::close(fd);
  return explain(error, control::one_line(socket));
}

Result<std::unique_ptr<Connection>> Connection::open(const Target& target) {
  auto connection = std::make_unique<Connection>(target);
  if (const auto connected = connection->connect(); !connected)
    return std::unexpected(connected.error());
  if (const auto agreed = connection->say_hello(); !agreed) return std::unexpected(agreed.error());
  return connection;
}

Result<void> Connection::connect() {
  try {
    auto& network = io_.provider->getNetwork();
    auto connecting = network.parseAddress(kj::str("unix:", target_.socket.c_str()))
                          .then([](kj::Own<kj::NetworkAddress> address) {
                            return address->connect().attach(kj::mv(address));
                          });
    stream_ = timer()
                  .timeoutAfter(target_.timeout, kj::mv(connecting))
                  .wait(io_.waitScope)
                  .downcast<kj::AsyncCapabilityStream>();
    client_ = std::make_unique<capnp::TwoPartyClient>(*stream_, descriptors_a_message_max);
    daemon_ = client_->bootstrap().castAs<protocol::Arrakisd>();
    return {};
  } catch (const kj::Exception& e) {
    // The file and errno say more than the exception does.
    if (auto reachable = probe(target_.socket); !reachable) return reachable;
    return std::unexpected(failure_of(e));
  }
}

Result<void> Connection::say_hello() {
  auto request = daemon_.helloRequest();
  request.setVersion(protocol::VERSION);
  const auto hello = call(kj::mv(request));
  if (!hello) return std::unexpected(hello.error());
  met_ = true;
  if (hello->getVersion() == protocol::VERSION) return {};
  return fail(Exit::other,
              "arrakisd at " + target_.socket + " speaks version " +
                  std::to_string(hello->getVersion()) + " of the protocol, arrakisctl version " +
                  std::to_string(protocol::VERSION),
              "install arrakisctl and arrakisd of one release, and restart arrakisd");
}

Failure Connection::failure_of(const kj::Exception& exception) const {
  const std::string socket = control::one_line(target_.socket);
  switch (exception.getType()) {
    case kj::Exception::Type::OVERLOADED:  // kj::Timer's own
      return {Exit::timeout, "arrakisd at " + socket + " did not answer in time",
              "wait longer with --timeout, or look at its log: journalctl -u arrakisd"};
    case kj::Exception::Type::UNIMPLEMENTED:
      return {Exit::other, "arrakisd at " + socket + " does not know this command",
              "install arrakisctl and arrakisd of one release, and restart arrakisd"};
    case kj::Exception::Type::DISCONNECTED:
      if (met_)
        return {Exit::unreachable, "arrakisd went away before it answered",
                "see with `arrakisctl list-vfs` whether the change was made"};
      break;
    case kj::Exception::Type::FAILED:
      if (met_)
        return {Exit::other, "arrakisd failed: " + reason(exception),
                "look at its log: journalctl -u arrakisd"};
      break;
  }
  return {Exit::unreachable, "what listens at " + socket + " is not arrakisd",
          "name its socket with --socket"};
}

}  // namespace arrakis::ctl
