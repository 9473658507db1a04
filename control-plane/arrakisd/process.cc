#include "control-plane/arrakisd/process.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <fstream>
#include <sstream>

namespace arrakis::control {
namespace {

constexpr int so_peerpidfd = 77;  // SO_PEERPIDFD, asm-generic/socket.h since Linux 6.5

kj::AutoCloseFd open_pid(std::int32_t pid) {
  return kj::AutoCloseFd{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
}

// Before Linux 6.5 the number could have changed hands between connect() and now. What stands in
// its place must at least be the same user's, so nothing is gained that this user did not have.
kj::AutoCloseFd peer_pidfd(int socket, std::int32_t pid) {
  int fd = -1;
  socklen_t length = sizeof(fd);
  if (::getsockopt(socket, SOL_SOCKET, so_peerpidfd, &fd, &length) == 0) return kj::AutoCloseFd{fd};
  return open_pid(pid);
}

bool has_ended(int pidfd) {
  pollfd poll{.fd = pidfd, .events = POLLIN, .revents = 0};
  return ::poll(&poll, 1, 0) != 0;
}

std::string user_name(uid_t uid) {
  std::array<char, 16 * 1024> buffer;
  passwd entry;
  passwd* found = nullptr;
  if (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr)
    return {};
  return entry.pw_name;
}

// Of the process, not of its user: a program that laid a group down must not profit from it.
std::vector<std::string> group_names(int socket, gid_t primary) {
  std::array<gid_t, 256> ids{};
  socklen_t length = sizeof(ids);
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, ids.data(), &length) != 0) length = 0;
  std::vector<gid_t> groups{ids.begin(), ids.begin() + length / sizeof(gid_t)};
  groups.push_back(primary);
  std::vector<std::string> names;
  std::array<char, 64 * 1024> buffer;
  for (const gid_t id : groups) {
    group entry;
    group* found = nullptr;
    if (::getgrgid_r(id, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr)
      names.emplace_back(entry.gr_name);
  }
  return names;
}

}  // namespace

Outcome<Peer> identify_peer(int socket) {
  ucred credentials{};
  socklen_t length = sizeof(credentials);
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0)
    return fail(Error::Code::internal, std::string{"SO_PEERCRED: "} + std::strerror(errno));
  Peer peer;
  peer.pidfd = peer_pidfd(socket, credentials.pid);
  const auto ticks = start_ticks(credentials.pid);
  // Read first, then seen alive: the number belonged to this process while we read.
  if (peer.pidfd.get() < 0 || !ticks || has_ended(peer.pidfd))
    return fail(Error::Code::denied, "the process that connected has ended");
  peer.process = {credentials.pid, *ticks, credentials.uid};
  peer.subject = {credentials.uid, user_name(credentials.uid),
                  group_names(socket, credentials.gid)};
  return peer;
}

std::optional<std::uint64_t> start_ticks(std::int32_t pid) {
  std::ifstream file{"/proc/" + std::to_string(pid) + "/stat"};
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  // The second field is the program's name in parentheses and may hold anything, ")" as well.
  const std::size_t after_name = text.rfind(')');
  if (after_name == std::string::npos) return std::nullopt;
  std::istringstream fields{text.substr(after_name + 1)};
  std::string field;
  fields >> field;  // 3: state
  if (field == "Z" || field == "X") return std::nullopt;
  for (int place = 4; place <= 22; ++place) fields >> field;
  std::uint64_t ticks = 0;
  if (std::istringstream{field} >> ticks) return ticks;
  return std::nullopt;
}

std::optional<kj::AutoCloseFd> open_process(const ProcessId& process) {
  kj::AutoCloseFd pidfd = open_pid(process.pid);
  if (pidfd.get() < 0 || start_ticks(process.pid) != process.start_ticks || has_ended(pidfd))
    return std::nullopt;
  return pidfd;
}

std::string boot_id() {
  std::ifstream file{"/proc/sys/kernel/random/boot_id"};
  std::string id;
  std::getline(file, id);
  return id;
}

}  // namespace arrakis::control
