#include "control-plane/arrakisd/doctor.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace arrakis::control {
namespace {

using enum Finding::Verdict;

Finding policy_finding(const Policy& policy) {
  if (policy.apps.empty())
    return {warn, "policy", policy.file + " names no app: nobody may attach",
            "add an [[app]] with name and users, then: systemctl reload arrakisd"};
  if (policy.pools.empty())
    return {warn, "policy", policy.file + " has no pool to take addresses from",
            "add [pool.default] with addresses = [\"10.20.0.0/24\"]"};
  return {pass, "policy",
          policy.file + ": " + std::to_string(policy.apps.size()) + " apps, " +
              std::to_string(policy.pools.size()) + " pools",
          ""};
}

// Asked of the kernel, not of its version: distributions carry patches.
Finding peer_finding() {
  constexpr int so_peerpidfd = 77;  // asm-generic/socket.h
  std::array<int, 2> ends{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return {fail, "processes", "no unix sockets", ""};
  const kj::AutoCloseFd one{ends[0]}, other{ends[1]};
  int pidfd = -1;
  socklen_t length = sizeof(pidfd);
  if (::getsockopt(one, SOL_SOCKET, so_peerpidfd, &pidfd, &length) != 0)
    return {warn, "processes",
            "this kernel does not say which process connected (SO_PEERPIDFD): its number must do",
            "use Linux 6.5 or newer"};
  ::close(pidfd);
  return {pass, "processes", "their end is seen by pidfd", ""};
}

Finding descriptor_finding() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  constexpr rlim_t enough = 4096;
  const std::string text = std::to_string(limit.rlim_cur) + " descriptors at most";
  if (limit.rlim_cur >= enough) return {pass, "descriptors", text, ""};
  return {warn, "descriptors", text, "LimitNOFILE=65536 in arrakisd's unit"};
}

Finding state_finding(const Policy& policy) {
  const std::string& directory = policy.daemon.state;
  if (::access(directory.c_str(), W_OK) == 0) return {pass, "state", directory, ""};
  return {fail, "state", directory + " cannot be written", "mount it read-write, or free its disk"};
}

}  // namespace

std::vector<Finding> diagnose_daemon(const Policy& policy) {
  return {policy_finding(policy), state_finding(policy), peer_finding(), descriptor_finding()};
}

}  // namespace arrakis::control
