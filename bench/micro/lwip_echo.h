// lwip_echo.h: the same work for lwIP: a frame in, taken from a socket, sent back.
//
// Debian's liblwip is built with NO_SYS=0, and with it come a lock asked for in every call, pools
// that are malloc(), and checksums always. Its raw API runs here on one thread that holds the core
// lock, and its tcpip thread does nothing: the least that this build can do.
// One at a time in a process: lwIP's state is global.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace arrakis::bench {

class LwipEcho {
 public:
  explicit LwipEcho(const std::vector<std::byte>& frame);
  ~LwipEcho();

  // False: the frame was not answered.
  bool echo_one() noexcept;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace arrakis::bench
