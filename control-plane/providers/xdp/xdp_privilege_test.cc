// Without what it needs, the provider says what that is, and leaves nothing half made.
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <functional>

#include "control-plane/providers/xdp/test_namespace.h"

namespace arrakis::control::xdp {
namespace {

bool keep_only(std::initializer_list<unsigned> capabilities) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct data[2]{};
  for (const unsigned one : capabilities) {
    data[one / 32].effective |= 1u << one % 32;
    data[one / 32].permitted |= 1u << one % 32;
  }
  return syscall(SYS_capset, &header, data) == 0;
}

// In a process of its own, since what is given up does not come back.
int in_child(const std::function<bool()>& holds) {
  const pid_t child = fork();
  if (child == 0) _exit(holds() ? 0 : 1);
  int status = -1;
  waitpid(child, &status, 0);
  return status;
}

class XdpPrivilege : public NamespaceTest {
 protected:
  // What create() and open() say, and whether anything is left.
  static bool refused_naming(const std::string& capability) {
    XdpProvider provider;
    VnicSpec spec = test_vnic("vf0", 2);
    auto created = provider.create(spec);
    std::optional<Error> error;
    if (!created)
      error = created.error();
    else if (auto grant = provider.open(spec, 0); !grant)
      error = grant.error();
    provider.destroy(spec);
    if (!error) return false;
    std::printf("%s (%s)\n", error->message.c_str(), error->remedy.c_str());
    std::fflush(stdout);
    return error->code == Error::Code::unavailable &&
           error->remedy.find(capability) != std::string::npos && netdevs() == 1;
  }

  static bool diagnosed(const std::string& text) {
    for (const Finding& finding : XdpProvider{}.diagnose())
      if (finding.verdict == Finding::Verdict::fail && !finding.remedy.empty() &&
          finding.message.find(text) != std::string::npos)
        return true;
    return false;
  }
};

TEST_F(XdpPrivilege, WithoutAny) {
  EXPECT_EQ(in_child([] { return keep_only({}) && refused_naming("CAP_NET_ADMIN"); }), 0);
  EXPECT_EQ(in_child([] { return keep_only({}) && diagnosed("CAP_NET_ADMIN"); }), 0);
}

TEST_F(XdpPrivilege, WithoutBpf) {
  const auto holds = [] {
    return keep_only({CAP_NET_ADMIN, CAP_NET_RAW}) && refused_naming("CAP_BPF");
  };
  EXPECT_EQ(in_child(holds), 0);
  EXPECT_EQ(
      in_child([] { return keep_only({CAP_NET_ADMIN, CAP_NET_RAW}) && diagnosed("CAP_BPF"); }), 0);
}

TEST_F(XdpPrivilege, WithoutRawSockets) {
  const auto holds = [] {
    return keep_only({CAP_NET_ADMIN, CAP_BPF, CAP_PERFMON, CAP_IPC_LOCK}) &&
           refused_naming("CAP_NET_RAW");
  };
  EXPECT_EQ(in_child(holds), 0);
}

TEST_F(XdpPrivilege, WithoutLockedMemory) {
  const auto holds = [] {
    const rlimit little{.rlim_cur = 65536, .rlim_max = 65536};
    return setrlimit(RLIMIT_MEMLOCK, &little) == 0 &&
           keep_only({CAP_NET_ADMIN, CAP_BPF, CAP_PERFMON, CAP_NET_RAW}) &&
           refused_naming("CAP_IPC_LOCK");
  };
  EXPECT_EQ(in_child(holds), 0);
}

TEST_F(XdpPrivilege, FiveCapabilitiesAreEnough) {
  const auto holds = [] {
    if (!keep_only({CAP_NET_ADMIN, CAP_BPF, CAP_PERFMON, CAP_NET_RAW, CAP_IPC_LOCK})) return false;
    XdpProvider provider;
    VnicSpec spec = test_vnic("vf0", 2);
    const bool works = provider.create(spec) && provider.open(spec, 0) &&
                       provider.set_rate(spec, {1'000'000}) && provider.counters(spec);
    provider.destroy(spec);
    return works && netdevs() == 1;
  };
  EXPECT_EQ(in_child(holds), 0);
}

}  // namespace
}  // namespace arrakis::control::xdp
