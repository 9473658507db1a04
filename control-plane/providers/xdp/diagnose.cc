// What this machine lacks for an xdp VNIC: XdpProvider::diagnose().
#include <fmt/format.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <optional>
#include <thread>

#include "control-plane/providers/xdp/xdp_provider.h"

namespace arrakis::control {
namespace {

using Verdict = Finding::Verdict;

Finding examine_kernel() {
  utsname name{};
  int major = 0, minor = 0;
  uname(&name);
  std::sscanf(name.release, "%d.%d", &major, &minor);
  if (major > 5 || (major == 5 && minor >= 10))
    return {Verdict::pass, "kernel", fmt::format("Linux {}", name.release), ""};
  return {Verdict::fail, "kernel",
          fmt::format("Linux {}: provider xdp needs 5.10 or newer", name.release),
          "apt install linux-image-amd64 (Debian 11 or newer), then reboot"};
}

bool has_capability(unsigned capability) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct data[2]{};
  if (syscall(SYS_capget, &header, data) != 0) return false;
  return (data[capability / 32].effective >> (capability % 32) & 1) != 0;
}

Finding examine_capabilities() {
  std::string missing;
  const auto need = [&missing](bool has, const char* name) {
    if (!has) missing += missing.empty() ? name : fmt::format(", {}", name);
  };
  const bool any = has_capability(CAP_SYS_ADMIN);
  need(has_capability(CAP_NET_ADMIN), "CAP_NET_ADMIN");
  need(has_capability(CAP_NET_RAW), "CAP_NET_RAW");
  need(has_capability(CAP_BPF) || any, "CAP_BPF");
  need(has_capability(CAP_PERFMON) || any, "CAP_PERFMON");  // a frame's length: end - begin
  if (!missing.empty())
    return {Verdict::fail, "capabilities", fmt::format("missing: {}", missing),
            "run arrakisd as root, or AmbientCapabilities= in its unit"};
  if (!any)
    return {Verdict::warn, "capabilities",
            "without CAP_SYS_ADMIN a restarted arrakisd does not find its BPF programs again",
            "AmbientCapabilities=CAP_SYS_ADMIN in its unit"};
  return {Verdict::pass, "capabilities", "all that AF_XDP and XDP need", ""};
}

Finding examine_memory_lock() {
  constexpr rlim_t needed = 64u << 20;  // the packet memory of a few VNICs
  rlimit limit{};
  getrlimit(RLIMIT_MEMLOCK, &limit);
  if (has_capability(CAP_IPC_LOCK) || limit.rlim_cur >= needed)
    return {Verdict::pass, "locked memory", "not limited for arrakisd", ""};
  return {Verdict::fail, "locked memory",
          fmt::format("limit {} KB, a queue takes 8 MB", limit.rlim_cur / 1024),
          "LimitMEMLOCK=infinity in the unit of arrakisd, or CAP_IPC_LOCK"};
}

Finding examine_jit() {
  std::ifstream file("/proc/sys/net/core/bpf_jit_enable");
  int enabled = 0;
  if (!(file >> enabled))
    return {Verdict::skip, "BPF compiler", "the kernel does not say whether it is on", ""};
  if (enabled != 0) return {Verdict::pass, "BPF compiler", "on", ""};
  return {Verdict::warn, "BPF compiler", "off: filters and rates are interpreted, slowly",
          "sysctl net.core.bpf_jit_enable=1"};
}

// A whole VNIC, in a network namespace that lives as long as the thread that runs this: nothing of
// the machine's is touched.
Finding rehearse() {
  if (unshare(CLONE_NEWNET) != 0)
    return {Verdict::skip, "AF_XDP on veth",
            fmt::format("not tried: no network namespace: {}", std::strerror(errno)),
            "run arrakisd as root"};
  XdpProvider provider;
  VnicSpec spec;
  spec.name = "rehearsal";
  spec.mac = {{0x02, 0, 0, 0, 0, 1}};
  spec.addresses = {*IpPrefix::parse("192.0.2.1")};
  auto created = provider.create(spec);
  std::optional<Error> error;
  if (!created)
    error = created.error();
  else if (auto grant = provider.open(spec, 0); !grant)
    error = grant.error();
  provider.destroy(spec);
  if (error) return {Verdict::fail, "AF_XDP on veth", error->message, error->remedy};
  return {Verdict::pass, "AF_XDP on veth", "a VNIC was made and opened, in a namespace apart", ""};
}

}  // namespace

std::vector<Finding> XdpProvider::diagnose() {
  std::vector<Finding> findings{examine_kernel(), examine_capabilities(), examine_memory_lock(),
                                examine_jit()};
  Finding rehearsal;
  std::thread{[&rehearsal] { rehearsal = rehearse(); }}.join();
  findings.push_back(std::move(rehearsal));
  for (const auto& [netdev, held] : ports_)
    if (held.port.mode() == xdp::Port::Mode::generic)
      findings.push_back(
          {Verdict::warn, netdev,
           fmt::format("generic XDP, slower: its driver refuses native mode ({})",
                       held.port.generic_reason().empty() ? "for a reason not kept over a restart"
                                                          : held.port.generic_reason()),
           "a netdev whose driver has XDP, or a veth pair"});
  return findings;
}

}  // namespace arrakis::control
