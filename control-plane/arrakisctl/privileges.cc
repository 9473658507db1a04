#include "control-plane/arrakisctl/privileges.h"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>

#include "control-plane/model/quote.h"

namespace arrakis::ctl {
namespace {

const passwd* entry_of(const std::string& text) {
  if (const passwd* entry = ::getpwnam(text.c_str()); entry != nullptr) return entry;
  uid_t uid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), uid);
  if (error != std::errc{} || end != text.data() + text.size()) return nullptr;
  return ::getpwuid(uid);
}

std::vector<gid_t> groups_of(const passwd& entry) {
  int count = 64;
  std::vector<gid_t> groups(static_cast<std::size_t>(count));
  while (::getgrouplist(entry.pw_name, entry.pw_gid, groups.data(), &count) < 0)
    groups.resize(static_cast<std::size_t>(count));
  groups.resize(static_cast<std::size_t>(count));
  return groups;
}

using CapabilitySets = std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3>;

// glibc has no wrappers for these two (capget(2)).
int set_capabilities(CapabilitySets& sets) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  return ::syscall(SYS_capset, &header, sets.data()) == 0 ? 0 : errno;
}

bool has_capabilities() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  CapabilitySets sets{};
  if (::syscall(SYS_capget, &header, sets.data()) != 0) return true;
  for (const auto& set : sets)
    if ((set.effective | set.permitted | set.inheritable) != 0) return true;
  return false;
}

}  // namespace

Result<User> find_user(const std::string& text) {
  const passwd* entry = entry_of(text);
  if (entry == nullptr)
    return fail(Exit::not_found, "there is no user " + control::quote(text), "see `getent passwd`");
  if (::geteuid() != 0 && entry->pw_uid != ::geteuid())
    return fail(Exit::denied, "only root may run a program as " + control::quote(text),
                "use sudo, or leave --user out");
  return User{entry->pw_uid, entry->pw_gid, groups_of(*entry), entry->pw_name, entry->pw_dir};
}

int become(const User& user) {
  if (::geteuid() != 0) return 0;  // find_user() has seen to it that it is the caller himself
  if (::setgroups(user.groups.size(), user.groups.data()) != 0) return errno;
  if (::setresgid(user.gid, user.gid, user.gid) != 0) return errno;
  if (::setresuid(user.uid, user.uid, user.uid) != 0) return errno;
  return 0;
}

int drop_capabilities() {
  // Without it, exec would give root (and files with capabilities) all of them back.
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
  // Needs CAP_SETPCAP; who has it not, is bounded by the line above.
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability)
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno != EPERM) return errno;
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) return errno;
  CapabilitySets none{};
  if (const int error = set_capabilities(none); error != 0) return error;
  return has_capabilities() ? EPERM : 0;
}

}  // namespace arrakis::ctl
