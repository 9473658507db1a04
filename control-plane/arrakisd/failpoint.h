// failpoint.h: places where a test lets the daemon die, as a crash at that moment would.
//
// Off unless the daemon was started with --failpoints; then ARRAKIS_FAILPOINT names the one place,
// "release.begun", or the one time that it is reached, "sriov.closed:2".
#pragma once

#include <string>
#include <string_view>

namespace arrakis::control {

class Failpoints {
 public:
  Failpoints() = default;  // none
  static Failpoints from_environment();

  // SIGKILL to ourselves, if `name` is the chosen place: no destructor runs, no buffer is flushed.
  void reach(std::string_view name);

 private:
  std::string chosen_;
  int times_left_ = 1;
};

}  // namespace arrakis::control
