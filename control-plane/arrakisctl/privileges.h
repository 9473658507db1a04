// privileges.h: whose rights a program gets: a user's, and no capability at all.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "control-plane/arrakisctl/result.h"

namespace arrakis::ctl {

struct User {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
  std::string name, home;
};

// By name or by uid. Not found; denied: only root may run a program as somebody else.
Result<User> find_user(const std::string& text);

// For the child between fork and exec; irrevocable. The errno of what failed, 0 if nothing did.
int become(const User& user);
// Empties all sets of capabilities, and takes from exec the power to fill them again (for root too,
// and for files with set-user-ID or capabilities).
int drop_capabilities();

}  // namespace arrakis::ctl
