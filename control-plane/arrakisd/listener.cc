#include "control-plane/arrakisd/listener.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace arrakis::control {
namespace {

std::unexpected<Error> failed(const std::string& what) {
  return fail(Error::Code::unavailable, what + ": " + std::strerror(errno),
              "run arrakisd as root, or give --socket PATH");
}

Outcome<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  if (path.size() >= sizeof(address.sun_path))
    return fail(Error::Code::usage, "the path of a unix socket has at most 107 bytes",
                "give a shorter --socket PATH");
  path.copy(address.sun_path, path.size());
  return address;
}

kj::AutoCloseFd new_socket() {
  return kj::AutoCloseFd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
}

// Somebody else's daemon, from before there was a lock file, or one with its lock file deleted.
bool is_served(const sockaddr_un& address) {
  const kj::AutoCloseFd probe = new_socket();
  const int connected =
      ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  return connected == 0 || errno == EAGAIN;  // EAGAIN: its queue of connections is full
}

std::unexpected<Error> second(const std::string& path) {
  return fail(Error::Code::conflict, "another arrakisd serves " + path,
              "stop it (systemctl stop arrakisd), or give --socket another PATH");
}

}  // namespace

Outcome<Listener> Listener::open(const std::string& path) {
  const Outcome<sockaddr_un> address = address_of(path);
  if (!address) return std::unexpected(address.error());
  const std::filesystem::path directory = std::filesystem::path{path}.parent_path();
  std::error_code ignored;
  if (std::filesystem::create_directories(directory, ignored))
    std::filesystem::permissions(directory, std::filesystem::perms{0755}, ignored);

  Listener listener;
  listener.path_ = path;
  const std::string lock = path + ".lock";
  listener.lock_ =
      kj::AutoCloseFd{::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (listener.lock_.get() < 0) return failed(lock);
  if (::flock(listener.lock_, LOCK_EX | LOCK_NB) != 0) return second(path);
  if (is_served(*address)) return second(path);

  struct stat status;
  if (::lstat(path.c_str(), &status) == 0) {
    if (!S_ISSOCK(status.st_mode))
      return fail(Error::Code::conflict, path + " exists and is no socket", "move it away");
    ::unlink(path.c_str());
  }
  listener.socket_ = new_socket();
  const auto* raw = reinterpret_cast<const sockaddr*>(&*address);
  if (listener.socket_.get() < 0 || ::bind(listener.socket_, raw, sizeof(*address)) != 0)
    return failed(path);
  if (::chmod(path.c_str(), 0666) != 0 || ::listen(listener.socket_, 128) != 0) return failed(path);
  return listener;
}

void Listener::remove() { ::unlink(path_.c_str()); }

}  // namespace arrakis::control
