#include "control-plane/providers/sriov/hand_over.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace arrakis::control::sriov {
namespace {

std::unexpected<Error> failure(const std::string& what, std::string remedy) {
  const int error = errno;
  auto code = Error::Code::unavailable;
  if (error == ENOENT || error == ESRCH) code = Error::Code::not_found;
  return fail(code, fmt::format("{}: {}", what, std::strerror(error)), std::move(remedy));
}

}  // namespace

Outcome<void> give_node(const std::string& path, std::uint32_t uid) {
  constexpr gid_t unchanged = static_cast<gid_t>(-1);
  // By way of ourselves: only an owner sets the mode, which may have let in a whole group.
  const bool given = ::chown(path.c_str(), ::geteuid(), unchanged) == 0 &&
                     ::chmod(path.c_str(), S_IRUSR | S_IWUSR) == 0 &&
                     ::chown(path.c_str(), uid, unchanged) == 0;
  if (!given)
    return failure(fmt::format("cannot give {} to uid {}", path, uid),
                   "run arrakisd as root, with CAP_CHOWN");
  return {};
}

Outcome<void> allow_locked_memory(std::int32_t pid, std::uint64_t bytes) {
  rlimit limit{};
  if (::prlimit(pid, RLIMIT_MEMLOCK, nullptr, &limit) != 0)
    return failure(fmt::format("cannot read the limits of process {}", pid), "is it still there?");
  if (limit.rlim_cur >= bytes) return {};
  limit = {.rlim_cur = bytes, .rlim_max = std::max<rlim_t>(limit.rlim_max, bytes)};
  if (::prlimit(pid, RLIMIT_MEMLOCK, &limit, nullptr) != 0)
    return failure(fmt::format("cannot let process {} lock {} MiB", pid, bytes >> 20),
                   "run arrakisd as root, with CAP_SYS_RESOURCE");
  return {};
}

}  // namespace arrakis::control::sriov
