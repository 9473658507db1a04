#include "control-plane/arrakisctl/checks.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <compare>
#include <fstream>
#include <iterator>
#include <sstream>

namespace arrakis::ctl {
namespace {

using Verdict = Finding::Verdict;

struct KernelVersion {
  unsigned major = 0, minor = 0;
  friend auto operator<=>(const KernelVersion&, const KernelVersion&) = default;
};

// bpf_link for XDP came with 5.9, several programs on one netdev (freplace) with 5.10.
constexpr KernelVersion kernel_least{5, 10};

std::optional<KernelVersion> parse_version(const std::string& release) {
  KernelVersion version;
  const char* end = release.data() + release.size();
  const auto major = std::from_chars(release.data(), end, version.major);
  if (major.ec != std::errc{} || major.ptr == end || *major.ptr != '.') return std::nullopt;
  const auto minor = std::from_chars(major.ptr + 1, end, version.minor);
  if (minor.ec != std::errc{}) return std::nullopt;
  return version;
}

std::uint64_t look_for_huge_pages() {
  std::ifstream in{"/proc/sys/vm/nr_hugepages"};
  std::uint64_t count = 0;
  in >> count;
  return count;
}

bool look_for_mount(const std::string& type) {  // proc(5): device, place, type, ...
  std::ifstream in{"/proc/self/mounts"};
  for (std::string line; std::getline(in, line);) {
    std::istringstream words{line};
    std::string device, place, found;
    if (words >> device >> place >> found && found == type) return true;
  }
  return false;
}

// The family is looked up before the caller's rights are: EPERM means that it is there.
bool look_for_xdp_sockets() {
  const int fd = ::socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
  if (fd >= 0) ::close(fd);
  return fd >= 0 || errno == EPERM || errno == EACCES;
}

Finding judge_kernel(const Facts& facts) {
  const auto version = parse_version(facts.kernel_release);
  if (!version)
    return {Verdict::warn, "kernel", "version not understood: " + facts.kernel_release,
            "Linux 5.10 or later is needed: uname -r"};
  if (*version < kernel_least)
    return {Verdict::fail, "kernel", facts.kernel_release + " is older than 5.10",
            "install a newer one: apt install linux-image-amd64, then reboot"};
  return {Verdict::pass, "kernel", facts.kernel_release, ""};
}

Finding judge_xdp_sockets(const Facts& facts) {
  if (facts.has_xdp_sockets) return {Verdict::pass, "AF_XDP", "this kernel has it", ""};
  return {Verdict::fail, "AF_XDP", "this kernel has no XDP sockets; the provider xdp needs them",
          "boot a kernel with CONFIG_XDP_SOCKETS=y, as Debian's linux-image-amd64"};
}

Finding judge_user(const Facts& facts) {
  if (facts.euid == 0) return {Verdict::pass, "user", "root, who may administer", ""};
  return {Verdict::pass, "user",
          fmt::format("uid {}; administers where the policy lists it under [daemon] admins",
                      facts.euid),
          ""};
}

Finding judge_huge_pages(const Facts& facts) {
  if (facts.huge_pages > 0)
    return {Verdict::pass, "hugepages", fmt::format("{} reserved", facts.huge_pages), ""};
  return {Verdict::pass, "hugepages", "none reserved, and none needed", ""};
}

Finding judge_bpffs(const Facts& facts) {
  return {Verdict::pass, "bpffs", facts.has_bpffs ? "mounted" : "not mounted, and not needed", ""};
}

Finding judge_locked_memory(const Facts& facts) {
  const std::string limit = facts.locked_bytes_max
                                ? fmt::format("{} KiB", *facts.locked_bytes_max / 1024)
                                : std::string{"unlimited"};
  return {Verdict::pass, "locked memory",
          limit + "; arrakisd pins packet memory, not the application", ""};
}

}  // namespace

Facts look() {
  Facts facts;
  utsname name{};
  if (::uname(&name) == 0) facts.kernel_release = name.release;
  facts.has_xdp_sockets = look_for_xdp_sockets();
  facts.euid = ::geteuid();
  facts.huge_pages = look_for_huge_pages();
  facts.has_bpffs = look_for_mount("bpf");
  rlimit limit{};
  if (::getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    facts.locked_bytes_max = limit.rlim_cur;
  return facts;
}

std::vector<Finding> judge(const Facts& facts) {
  return {judge_kernel(facts),     judge_xdp_sockets(facts), judge_user(facts),
          judge_huge_pages(facts), judge_bpffs(facts),       judge_locked_memory(facts)};
}

std::vector<Finding> merged(std::vector<Finding> ours, std::vector<Finding> daemons) {
  std::erase_if(ours, [&](const Finding& finding) {
    return std::ranges::find(daemons, finding.subject, &Finding::subject) != daemons.end();
  });
  std::ranges::move(daemons, std::back_inserter(ours));
  return ours;
}

}  // namespace arrakis::ctl
